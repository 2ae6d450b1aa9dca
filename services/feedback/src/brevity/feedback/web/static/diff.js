// What an edit changes, word by word: the same tokens as the server's worddiff.py.

const TOKEN = /[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff]|(?:(?![\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff])[\p{L}\p{M}\p{N}_])+|\s+|[^\p{L}\p{M}\p{N}_\s]/gu;
const MOST_CELLS = 4_000_000;

const tokens = (text) => text.match(TOKEN) ?? [];

/** Changes [kind, text] that lead from `before` to `after`: a longest common subsequence of their tokens. */
export function diff(before, after) {
  const old = tokens(before);
  const next = tokens(after);
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start += 1;
  let oldEnd = old.length;
  let nextEnd = next.length;
  while (oldEnd > start && nextEnd > start && old[oldEnd - 1] === next[nextEnd - 1]) {
    oldEnd -= 1;
    nextEnd -= 1;
  }
  const changes = [];
  const add = (kind, text) => {
    if (!text) return;
    const last = changes.at(-1);
    if (last?.[0] === kind) last[1] += text;
    else changes.push([kind, text]);
  };
  add("same", old.slice(0, start).join(""));
  for (const [kind, text] of middle(old.slice(start, oldEnd), next.slice(start, nextEnd))) add(kind, text);
  add("same", old.slice(oldEnd).join(""));
  return changes;
}

function* middle(old, next) {
  const width = next.length + 1;
  if (old.length * width > MOST_CELLS || !old.length || !next.length) {
    yield ["deleted", old.join("")];
    yield ["inserted", next.join("")];
    return;
  }
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = next.length - 1; j >= 0; j -= 1)
      common[i * width + j] =
        old[i] === next[j]
          ? common[(i + 1) * width + j + 1] + 1
          : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  let i = 0;
  let j = 0;
  while (i < old.length || j < next.length) {
    if (i < old.length && j < next.length && old[i] === next[j]) {
      yield ["same", old[i]];
      i += 1;
      j += 1;
    } else if (j >= next.length || (i < old.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      yield ["deleted", old[i]];
      i += 1;
    } else {
      yield ["inserted", next[j]];
      j += 1;
    }
  }
}

/** Shows `changes` in `place`. */
export function draw(place, changes) {
  const tags = { same: "span", deleted: "del", inserted: "ins" };
  place.replaceChildren(
    ...changes.map(([kind, text]) => Object.assign(document.createElement(tags[kind]), { textContent: text })),
  );
}
