"use strict";
// Names of the columns of a row, as gallery.py writes them.
const INDEX = 0, SET = 1, SPLIT = 2, FACE = 3, CATEGORIES = 4, RATIO = 5, PARTS = 6, REASON = 7, DETAIL = 8, FILE = 9, ORIGIN = 10, CELL = 11;
const VIEWS = ["picture", "overlay", "occluder", "source"];
const COLOURS = { 1: [0, 158, 115], 2: [213, 94, 0], 3: [240, 205, 40], 4: [122, 92, 192] };
const PAGE = 60, MOST_SHEETS = 40;

const data = JSON.parse(document.getElementById("data").textContent);
const { names, rows, side, columns } = data;
const $ = (selector, within = document) => within.querySelector(selector);
const grid = $("#grid"), form = $("#filters"), viewer = $("#viewer");
let found = [], page = 0, view = "picture", opened = -1, openedView = "picture";

// --- pictures: a sheet is decoded when a sample of it is first looked at ---
const sheets = new Map();
function bitmap(kind, number) {
  const key = `${kind}-${number}`;
  if (!sheets.has(key)) {
    const text = document.getElementById(key);
    sheets.set(key, text ? decoded(text.textContent, kind === "labels" ? "image/png" : "image/jpeg") : Promise.resolve(null));
    if (sheets.size > MOST_SHEETS) sheets.delete(sheets.keys().next().value);
  }
  return sheets.get(key);
}
function decoded(base64, type) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return createImageBitmap(new Blob([bytes], { type }), { colorSpaceConversion: "none" });
}

function unavailable(row, kind) {
  if (row[REASON] >= 0) return "";
  if (!row[CELL]) return "picture cannot be read";
  const flags = row[CELL][3];
  if (kind === "overlay" && !(flags & 1)) return "mask not available: the recipe asks for no face mask";
  if (kind === "occluder" && !(flags & 4)) return "occluder not available: the dataset holds no amodal, occluder or matte masks, and the sample was not made again";
  if (kind === "source" && !(flags & 8)) return "source not available: " + data.no_source;
  return "";
}

const scratch = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
async function draw(canvas, row, kind) {
  const [cell, width, height] = row[CELL];
  const number = Math.floor(cell / data.sheet), at = cell % data.sheet;
  const left = (at % columns) * side, top = Math.floor(at / columns) * side;
  const asked = `${row[INDEX]} ${kind}`;
  canvas.dataset.asked = asked;
  const [picture, labels] = await Promise.all([
    bitmap(kind === "source" ? "source" : "picture", number),
    kind === "overlay" || kind === "occluder" || kind === "tint" ? bitmap("labels", number) : null,
  ]);
  if (canvas.dataset.asked !== asked || !picture) return; // the page was turned meanwhile
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (kind !== "tint") pen.drawImage(picture, left, top, width, height, 0, 0, width, height);
  if (labels) {
    scratch.canvas.width = width;
    scratch.canvas.height = height;
    scratch.drawImage(labels, left, top, width, height, 0, 0, width, height);
    const what = scratch.getImageData(0, 0, width, height).data;
    const pixels = pen.getImageData(0, 0, width, height);
    ({ overlay: tint, tint: glaze, occluder: isolate })[kind](pixels.data, what, width);
    pen.putImageData(pixels, 0, 0);
  }
  canvas.dataset.shown = asked;
}
function strengthAt(what, i, width) {
  const edge = what[i - 4] !== what[i] || what[i + 4] !== what[i] || what[i - 4 * width] !== what[i] || what[i + 4 * width] !== what[i];
  return edge ? 1 : 0.36;
}
function glaze(pixels, what, width) { // the colours alone, to lie over a larger picture
  for (let i = 0; i < what.length; i += 4) if (COLOURS[what[i]]) pixels.set([...COLOURS[what[i]], 255 * strengthAt(what, i, width)], i);
}
function tint(pixels, what, width) {
  for (let i = 0; i < what.length; i += 4) {
    const colour = COLOURS[what[i]];
    if (!colour) continue;
    const strength = strengthAt(what, i, width);
    for (let c = 0; c < 3; c++) pixels[i + c] += (colour[c] - pixels[i + c]) * strength;
  }
}
function isolate(pixels, what, width) {
  for (let i = 0; i < what.length; i += 4) {
    if (what[i] === 2 || what[i] === 3 || what[i] === 4) continue;
    const x = (i / 4) % width, y = Math.floor(i / 4 / width);
    const grey = ((x >> 3) + (y >> 3)) % 2 ? 92 : 112;
    pixels[i] = pixels[i + 1] = pixels[i + 2] = grey;
  }
}

// --- filters: their state is the page's fragment, so that a link or a bar of a plot sets them ---
function options(name, values) {
  const select = form.elements[name], counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
  for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1])) select.add(new Option(`${names[value]} (${count})`, names[value]));
  if (!counts.size) select.closest("label").classList.add("none");
}
function matches(row) {
  const value = (name) => form.elements[name].value;
  const rejected = row[REASON] >= 0, status = value("status");
  if (value("set") && names[row[SET]] !== value("set")) return false;
  if (value("split") && names[row[SPLIT]] !== value("split")) return false;
  if (value("category") && !row[CATEGORIES].some((category) => names[category] === value("category"))) return false;
  if (status && (status === "made" ? rejected : !rejected || (status !== "rejected" && names[row[REASON]] !== status))) return false;
  const from = Number(value("from")), to = value("to") === "" ? 100 : Number(value("to"));
  if ((from > 0 || to < 100) && (rejected || 100 * row[RATIO] < from || !(100 * row[RATIO] < to || to === 100))) return false;
  const text = value("find").trim().toLowerCase();
  return !text || String(row[INDEX]) === text || names[row[FACE]].toLowerCase().includes(text) || row[CATEGORIES].some((category) => names[category].toLowerCase().includes(text));
}
function filter(keepPage) {
  found = [];
  for (let i = 0; i < rows.length; i++) if (matches(rows[i])) found.push(i);
  if (!keepPage) page = 0;
  $("#found").textContent = `${found.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} samples`;
  showPage();
}
function fragment() {
  const state = new URLSearchParams();
  for (const field of form.elements) if (field.name && field.value !== field.defaultValue && field.value !== "") state.set(field.name, field.value);
  if (form.elements.to.value === "100") state.delete("to");
  if (form.elements.from.value === "0") state.delete("from");
  if (view !== "picture") state.set("view", view);
  if (page) state.set("page", page + 1);
  return state.toString();
}
function remember() {
  history.replaceState(null, "", "#" + fragment());
}
function recall(fromLink) {
  const text = location.hash.slice(1);
  if (fromLink && (text === "" || document.getElementById(text))) return;
  const state = new URLSearchParams(text);
  form.reset();
  for (const [name, value] of state) {
    const field = form.elements[name];
    if (!field) continue;
    field.value = value;
    if (field.value !== value && field.options) {
      field.add(new Option(value, value)); // a value that no sample of the gallery has
      field.value = value;
    }
  }
  if (VIEWS.includes(state.get("view"))) view = state.get("view");
  page = Math.max(0, (parseInt(state.get("page"), 10) || 1) - 1);
  pressed();
  filter(true);
  if (fromLink) $("#gallery").scrollIntoView();
}

// --- the grid ---
function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}
function card(position) {
  const row = rows[position], rejected = row[REASON] >= 0, made = element("div", "sample");
  made.setAttribute("role", "listitem");
  made.dataset.index = row[INDEX];
  const picture = element("button", "picture");
  picture.type = "button";
  picture.append(element("canvas"), element("span", "missing"));
  const words = element("div", "words");
  const what = rejected ? names[row[REASON]] : row[CATEGORIES].map((category) => names[category]).join(", ");
  words.append(element("span", "", what || "nothing"), element("span", "count", rejected ? "" : `${Math.round(100 * row[RATIO])} %`));
  words.append(element("span", "dim", `${names[row[SET]]} · ${names[row[FACE]]}`), element("span", "dim count", row[INDEX]));
  const open = element("button", "open", "⤢");
  open.type = "button";
  open.tabIndex = -1;
  open.setAttribute("aria-label", `Open sample ${row[INDEX]}`);
  open.addEventListener("click", () => show(found.indexOf(position)));
  made.append(picture, element("span", "tag"), open, words);
  picture.addEventListener("click", () => turn(made, position));
  look(made, position, view);
  return made;
}
function look(made, position, kind) {
  const row = rows[position], missing = unavailable(row, kind), rejected = row[REASON] >= 0;
  made.dataset.view = kind;
  const told = $(".missing", made), tag = $(".tag", made);
  told.replaceChildren();
  if (rejected) {
    const why = element("span");
    why.append(element("b", "", "rejected"), element("br"), row[DETAIL].slice(0, 160));
    told.append(why);
  } else if (missing) told.textContent = missing;
  tag.textContent = rejected ? "" : kind === "overlay" ? "mask" : kind;
  tag.hidden = rejected || kind === "picture";
  const words = `Sample ${row[INDEX]}, ${rejected ? "rejected: " + names[row[REASON]] : kind}`;
  $(".picture", made).setAttribute("aria-label", words);
  if (row[CELL] && !missing) draw($("canvas", made), row, kind);
}
function turn(made, position) {
  look(made, position, after(made.dataset.view));
}
function after(kind) {
  return VIEWS[(VIEWS.indexOf(kind) + 1) % VIEWS.length];
}
function pages() {
  return Math.max(1, Math.ceil(found.length / PAGE));
}
function showPage() {
  page = Math.min(page, pages() - 1);
  grid.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(card));
  if (!found.length) grid.append(element("p", "", "No sample is like this."));
  $("#page").textContent = `page ${page + 1} of ${pages()}`;
  $("#previous").disabled = page === 0;
  $("#next").disabled = page === pages() - 1;
  remember();
}
function leaf(by) {
  const to = Math.min(Math.max(page + by, 0), pages() - 1);
  if (to === page) return;
  page = to;
  showPage();
  if (grid.getBoundingClientRect().top < 0) $("#gallery").scrollIntoView({ behavior: "instant" });
}
function choose(kind) {
  view = kind;
  pressed();
  const shown = found.slice(page * PAGE, (page + 1) * PAGE);
  [...grid.children].forEach((made, i) => i < shown.length && look(made, shown[i], kind));
  remember();
}
function pressed() {
  for (const button of document.querySelectorAll("[data-view]")) if (button.matches(".views button")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
}

// --- one sample, large: its file where the report lies in its dataset, else its thumbnail ---
function show(place, kind) {
  if (place < 0 || place >= found.length) return;
  opened = place;
  openedView = kind || view;
  const row = rows[found[place]], missing = unavailable(row, openedView), rejected = row[REASON] >= 0;
  const canvas = $("canvas", viewer), file = $("img", viewer);
  $("h3", viewer).textContent = `Sample ${row[INDEX]}`;
  $(".view-name", viewer).textContent = rejected ? "rejected" : openedView === "overlay" ? "mask" : openedView;
  $(".missing", viewer).textContent = rejected ? row[DETAIL] : missing;
  canvas.hidden = rejected || !row[CELL] || Boolean(missing);
  file.hidden = true;
  file.onload = () => {
    file.hidden = false;
    if (openedView === "overlay") draw(canvas, row, "tint");
  };
  file.removeAttribute("src");
  canvas.classList.toggle("above", openedView === "overlay");
  if (!canvas.hidden) draw(canvas, row, openedView);
  if (!canvas.hidden && (openedView === "picture" || openedView === "overlay")) file.src = row[FILE].split("/").map(encodeURIComponent).join("/");
  const facts = $("dl", viewer), share = (part) => (row[PARTS][part] === null ? "–" : `${row[PARTS][part]} %`);
  facts.replaceChildren();
  const tell = (name, text) => text && facts.append(element("dt", "", name), element("dd", "", text));
  tell("set", names[row[SET]]);
  tell("split", names[row[SPLIT]]);
  tell("face", names[row[FACE]]);
  if (rejected) tell("reason", names[row[REASON]]);
  else {
    tell("occluders", row[CATEGORIES].map((category) => names[category]).join(", "));
    tell("occluded", `${(100 * row[RATIO]).toFixed(1)} %`);
    tell("eyes, nose, mouth", `${share(0)}, ${share(1)}, ${share(2)}`);
    tell("from", names[row[ORIGIN]]);
    tell("file", row[FILE]);
  }
  $("[data-turn]", viewer).disabled = rejected;
  if (!viewer.open) viewer.showModal();
}
function step(by) {
  const to = opened + by;
  if (to < 0 || to >= found.length) return;
  show(to, openedView);
  if (Math.floor(to / PAGE) !== page) leaf(Math.sign(by));
}
viewer.addEventListener("close", () => {
  const made = grid.children[opened - page * PAGE];
  if (made) $(".picture", made).focus();
});
viewer.addEventListener("click", (event) => event.target === viewer && viewer.close());
$(".stage").addEventListener("click", () => show(opened, after(openedView)));
$("[data-turn]", viewer).addEventListener("click", () => show(opened, after(openedView)));
$("[data-close]", viewer).addEventListener("click", () => viewer.close());
for (const button of viewer.querySelectorAll("[data-step]")) button.addEventListener("click", () => step(Number(button.dataset.step)));

// --- keys ---
function move(by) {
  const cards = [...grid.querySelectorAll(".picture")], at = cards.indexOf(document.activeElement);
  const to = at < 0 ? 0 : at + by;
  if (to >= 0 && to < cards.length) cards[to].focus();
}
function across() {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, select, textarea");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const on = event.target.closest(".sample");
  const act = viewer.open
    ? { ArrowLeft: () => step(-1), ArrowRight: () => step(1), " ": () => show(opened, after(openedView)) }
    : { ArrowLeft: () => move(-1), ArrowRight: () => move(1), n: () => leaf(1), p: () => leaf(-1), r: () => form.reset(), "/": () => form.elements.find.focus() };
  if (!viewer.open && on) Object.assign(act, { ArrowUp: () => move(-across()), ArrowDown: () => move(across()), Enter: () => $(".open", on).click(), " ": () => $(".picture", on).click() });
  for (const [i, kind] of VIEWS.entries()) act[String(i + 1)] = () => (viewer.open ? show(opened, kind) : choose(kind));
  if (act[event.key]) {
    event.preventDefault();
    act[event.key]();
  }
});

for (const button of document.querySelectorAll(".views button")) button.addEventListener("click", () => choose(button.dataset.view));
$("#previous").addEventListener("click", () => leaf(-1));
$("#next").addEventListener("click", () => leaf(1));
let waiting = 0;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(filter, 60);
});
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter));
addEventListener("hashchange", () => recall(true));

options("set", rows.map((row) => row[SET]));
options("category", rows.flatMap((row) => [...new Set(row[CATEGORIES])]));
options("split", rows.map((row) => row[SPLIT]).filter((name) => names[name] !== ""));
const reasons = new Set(rows.filter((row) => row[REASON] >= 0).map((row) => names[row[REASON]]));
for (const reason of reasons) form.elements.status.add(new Option(`rejected: ${reason}`, reason));
recall(false);
document.documentElement.dataset.ready = "true";
