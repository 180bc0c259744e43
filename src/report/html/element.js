// Elements. Whatever stands in them that others wrote is text, and nothing but text.

const SVG = ["svg", "rect", "line", "text", "title"];

/// `element("button", { class: "small", onclick: zoom }, "zoom")`; children may be missing.
function element(name, properties = {}, ...children) {
  const isSvg = SVG.includes(name) && properties.svg !== false;
  const made = isSvg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/// A button that copies a text, and says so.
function copyButton(text, label = "copy") {
  const button = element("button", { class: "small", onclick: copy }, label);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Not everywhere may a page of a file do that; the old way works from a click.
      const area = document.body.appendChild(element("textarea", { class: "hidden" }, text));
      area.select();
      document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = "copied";
    setTimeout(() => (button.textContent = label), 1500);
  }
  return button;
}

const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
