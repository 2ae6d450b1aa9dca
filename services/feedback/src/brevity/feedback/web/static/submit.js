// Submitting: files can be dropped anywhere on the form, Ctrl+Enter sends it.
import "./keys.js";

const form = document.getElementById("submit");
if (form) {
  const files = document.getElementById("files");
  const drop = document.getElementById("drop");
  const button = form.querySelector("button.primary");
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.add("over");
  };
  form.addEventListener("dragover", over);
  form.addEventListener("dragleave", () => drop.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    files.files = event.dataTransfer.files;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(button);
  });
  form.addEventListener("submit", () => {
    button.textContent = "Submitting…";
    button.setAttribute("aria-disabled", "true");
  });
  window.addEventListener("pageshow", () => {
    button.textContent = "Summarize";
    button.removeAttribute("aria-disabled");
  });
}
