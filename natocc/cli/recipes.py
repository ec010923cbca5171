"""``natocc recipes``: natocc's own recipes, and the schema of all."""

from __future__ import annotations

import click

from natocc.cli.completion import complete_recipes
from natocc.core.text import plain


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def recipes(context: click.Context, as_json: bool) -> None:
    """List natocc's own recipes: name, sets, and what each is.

    \b
    natocc recipes
    natocc recipes show demo > mine.yaml
    """
    if context.invoked_subcommand is not None:
        return
    import json

    from natocc.recipe.load import load_recipe
    from natocc.recipe.text import own_recipes, what

    found = []
    for name, path in own_recipes().items():
        recipe = load_recipe(name)
        sets = [f"{each.name} ({each.occluders.source})" for each in recipe.sets]
        found.append({"name": name, "what": what(path.read_text(encoding="utf-8")), "sets": sets})
    if as_json:
        click.echo(json.dumps(found))
        return
    width = max(len(str(each["name"])) for each in found)
    for each in found:
        click.echo(plain(f"{each['name']:{width}}  {', '.join(each['sets'])}"))
        click.echo(plain(f"{'':{width}}  {each['what']}"))


@recipes.command()
@click.argument("name", shell_complete=complete_recipes)
@click.option("--resolved", is_flag=True, help="As JSON, with every setting, defaults included.")
def show(name: str, resolved: bool) -> None:
    """Print the recipe NAME, one of natocc's own or a file.

    \b
    natocc recipes show demo > mine.yaml
    natocc recipes show c-wo-mix --resolved
    """
    import json

    from natocc.recipe.load import load_recipe
    from natocc.recipe.text import recipe_text

    if resolved:
        click.echo(json.dumps(load_recipe(name).resolved(), indent=2))
    else:
        click.echo(recipe_text(name)[0], nl=False)


@recipes.command()
def schema() -> None:
    """Print the JSON Schema of a recipe, plug-ins' parts included, for editors that complete YAML by it.

    Name it in a recipe's first line: # yaml-language-server: $schema=recipe.schema.json

    \b
    natocc recipes schema > recipe.schema.json
    """
    import json

    from natocc.recipe.schema import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=2))
