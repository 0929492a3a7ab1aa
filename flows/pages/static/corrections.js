// Labels words by keys and clicks; without this script the selects beside the words do.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("correct");
  if (!form) return;
  const choices = [...form.querySelectorAll(".choice")];
  const selects = choices.map((choice) => choice.querySelector("select"));
  const types = [...form.querySelectorAll("[data-type]")];
  const hues = Object.fromEntries(types.map((type) => [type.dataset.type, type.dataset.hue]));
  let at = 0;

  const typeOf = (place) => (place < 0 || place >= selects.length ? "" : selects[place].value.slice(2));

  function show() {
    choices.forEach((choice, place) => {
      const label = selects[place].value;
      choice.className = "choice" + (label === "O" ? "" : ` entity ${hues[label.slice(2)]}`);
      choice.classList.toggle("begins", label.startsWith("B-"));
      choice.classList.toggle("current", place === at);
      choice.querySelector("sub").textContent = label.startsWith("B-") ? label.slice(2) : "";
    });
  }

  function go(place) {
    at = Math.max(0, Math.min(place, choices.length - 1));
    choices[at].scrollIntoView({ block: "nearest" });
    show();
  }

  // A word joins the entity before it, unless it is told its type a second time; an I- without a beginning gets one.
  function mark(type) {
    const before = typeOf(at - 1) === type;
    const joins = type && before && !(typeOf(at) === type && selects[at].value.startsWith("I-"));
    selects[at].value = type ? (joins ? "I-" : "B-") + type : "O";
    selects.forEach((select, place) => {
      if (select.value.startsWith("I-") && typeOf(place - 1) !== typeOf(place)) select.value = "B-" + typeOf(place);
    });
    go(at + 1);
  }

  const follow = (id) => document.getElementById(id)?.click();
  const forward = getComputedStyle(form.querySelector(".words")).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const backward = forward === "ArrowLeft" ? "ArrowRight" : "ArrowLeft";

  form.classList.toggle("scripted", types.every((type) => type.dataset.key));
  choices.forEach((choice, place) => choice.addEventListener("click", () => go(place)));
  selects.forEach((select) => select.addEventListener("change", show));
  types.forEach((type) => type.addEventListener("click", () => mark(type.dataset.type)));
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.target.matches("input, select, textarea")) return;
    const type = types.find((each) => each.dataset.key && each.dataset.key === event.key);
    if (type) mark(type.dataset.type);
    else if (event.key === forward) go(at + 1);
    else if (event.key === backward) go(at - 1);
    else if (event.key === "n") follow("following");
    else if (event.key === "p") follow("before");
    else if (event.key === "Enter" && !event.target.matches("button, a")) form.requestSubmit(form.elements.save);
    else return;
    event.preventDefault();
  });
  show();
});
