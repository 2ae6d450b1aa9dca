// The reading view: a sentence lights the passages that support it; one key rates; a correction shows its changes.
import { call, say, standing } from "./api.js";
import { diff, draw } from "./diff.js";
import { key } from "./keys.js";

const reader = document.getElementById("reader");
const source = document.getElementById("source");
const hint = document.getElementById("hint");
const sentences = [...document.querySelectorAll(".sentence")];
const passages = [...source.querySelectorAll("[data-by]")].map((element) => ({
  element,
  by: new Set(element.dataset.by.split(" ")),
}));
const still = matchMedia("(prefers-reduced-motion: reduce)");
let held = null;

// Supporting passages

function light(sentence) {
  const number = sentence?.dataset.sentence;
  for (const other of sentences) other.classList.toggle("lit", other === sentence);
  for (const { element, by } of passages) element.classList.toggle("lit", number !== undefined && by.has(number));
}

function bring(sentence) {
  const first = passages.find(({ by }) => by.has(sentence.dataset.sentence))?.element;
  if (!first) return;
  // Only the source's own pane moves; the summary stays where the reader is.
  const box = source.getBoundingClientRect();
  const top = first.getBoundingClientRect().top - box.top + source.scrollTop - Math.min(120, box.height / 3);
  source.scrollTo({ top, behavior: still.matches ? "auto" : "smooth" });
}

function tell(sentence) {
  const count = passages.filter(({ by }) => by.has(sentence.dataset.sentence)).length;
  hint.textContent = count
    ? `Sentence ${sentences.indexOf(sentence) + 1} of ${sentences.length}: its support is lit in the source.`
    : `Sentence ${sentences.indexOf(sentence) + 1} of ${sentences.length}: no passage of the source supports it.`;
}

function hold(sentence, { move = true } = {}) {
  held = sentence;
  light(sentence);
  if (!sentence) return;
  tell(sentence);
  if (move) bring(sentence);
}

for (const sentence of sentences) {
  sentence.addEventListener("mouseenter", () => light(sentence));
  sentence.addEventListener("mouseleave", () => light(held));
  sentence.addEventListener("focus", () => hold(sentence));
  sentence.addEventListener("click", (event) => {
    event.preventDefault();
    hold(sentence);
  });
}

function step(by) {
  if (!sentences.length) return false;
  const at = sentences.indexOf(held);
  const next = Math.min(sentences.length - 1, Math.max(0, at < 0 && by < 0 ? sentences.length - 1 : at + by));
  sentences[next].focus();
}

// Arrows are the page's own unless a sentence has the focus.
const within = (by) => (event) => (event.target.closest(".sentence") ? step(by) : false);
key(["ArrowDown", "ArrowRight"], within(1));
key(["ArrowUp", "ArrowLeft"], within(-1));
key(["j"], () => step(1));
key(["k"], () => step(-1));
key(["Escape"], () => {
  if (!held) return false;
  held.blur();
  hold(null);
});

const grow = document.getElementById("grow");
grow.classList.remove("scripted");
grow.addEventListener("click", () => {
  const larger = reader.classList.toggle("grown");
  grow.setAttribute("aria-pressed", String(larger));
});

// Rating

const address = `/v1/summaries/${encodeURIComponent(reader.dataset.id)}`;
const rate = document.getElementById("rate");
const why = document.getElementById("why");
const tally = document.getElementById("tally");

async function give(body) {
  await call(`${address}/feedback`, { method: "POST", body, headers: { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) } });
}

async function show(rating) {
  for (const button of rate.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === rating));
  why.hidden = false;
  why.elements.rating.value = rating;
  for (const side of why.querySelectorAll("fieldset")) {
    side.hidden = side.disabled = side.dataset.side !== rating;
    if (side.hidden) for (const box of side.querySelectorAll("input")) box.checked = false;
  }
  const fresh = await standing(reader.dataset.id);
  if (fresh) tally.replaceChildren(fresh);
}

async function rated(rating) {
  try {
    await give({ rating });
    say(rating === "up" ? "Rated good." : "Rated not good.");
    await show(rating);
  } catch (error) {
    say(error.message, { wrong: true });
  }
}

if (rate) {
  rate.addEventListener("submit", (event) => {
    event.preventDefault();
    rated(event.submitter.value);
  });
  key(["u"], () => void rated("up"));
  key(["d"], () => void rated("down"));
  why.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = new FormData(why);
    const comment = form.get("comment").trim();
    try {
      await give({ rating: form.get("rating"), reasons: form.getAll("reasons"), ...(comment ? { comment } : {}) });
      say("Reasons saved.");
    } catch (error) {
      say(error.message, { wrong: true });
    }
  });
}

// Correcting

const edit = document.getElementById("edit");
if (edit) {
  const text = document.getElementById("edited");
  const preview = document.getElementById("preview");
  let waiting = 0;
  const compare = () => {
    const changed = text.value !== text.dataset.before;
    preview.hidden = !changed;
    if (changed) draw(preview.querySelector(".diff"), diff(text.dataset.before, text.value));
  };
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(compare, 120);
  });
  compare();
  key(["e"], () => {
    edit.open = true;
    text.focus();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    edit.open = false; // what was written stays there
    edit.querySelector("summary").focus();
  });
  edit.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await give({ edited_summary: text.value });
      say("Correction saved. Thank you.");
    } catch (error) {
      say(error.message, { wrong: true });
    }
  });
}
