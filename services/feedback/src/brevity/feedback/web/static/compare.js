// Comparing with one key: 1 or 2 for the better one, 0 for another pair.
import { key } from "./keys.js";

const buttons = [...document.querySelectorAll("#compare button[name=better]")];
for (const [index, button] of buttons.entries()) key([String(index + 1)], () => button.click());
const skip = document.querySelector("[data-skip]");
if (skip) key(["0"], () => skip.click());
