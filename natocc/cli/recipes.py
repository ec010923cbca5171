"""``natocc recipes``: natocc's own recipes, and the JSON Schema of recipes."""

from __future__ import annotations

import click

from natocc.cli.completion import complete_recipes
from natocc.core.text import plain


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_context
def recipes(context: click.Context, as_json: bool) -> None:
    """List natocc's own recipes: name, sets and summary.

    \b
    natocc recipes
    natocc recipes show demo > mine.yaml
    """
    if context.invoked_subcommand is not None:
        return
    import json

    from natocc.recipe.load import load_recipe
    from natocc.recipe.text import own_recipes, summary

    entries = []
    for name, path in own_recipes().items():
        recipe = load_recipe(name)
        sets = [f"{a_set.name} ({a_set.occluders.source if a_set.occluders else 'none'})" for a_set in recipe.sets]
        entries.append({"name": name, "what": summary(path.read_text(encoding="utf-8")), "sets": sets})
    if as_json:
        click.echo(json.dumps(entries))
        return
    width = max(len(str(entry["name"])) for entry in entries)
    for entry in entries:
        click.echo(plain(f"{entry['name']:{width}}  {', '.join(entry['sets'])}"))
        click.echo(plain(f"{'':{width}}  {entry['what']}"))


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
    """Print the JSON Schema of a recipe, including installed plug-ins, for editors that complete YAML with it.

    Name it in the first line of a recipe: # yaml-language-server: $schema=recipe.schema.json

    \b
    natocc recipes schema > recipe.schema.json
    """
    import json

    from natocc.recipe.schema import recipe_schema

    click.echo(json.dumps(recipe_schema(), indent=2))
