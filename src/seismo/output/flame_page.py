"""What surrounds the frames of a flame graph: measures, controls, and the script behind them.

Without the script the picture is complete but for the controls, which it shows when it starts. The
edges that `<rect>`s have in the file are what it goes by, and its regular expressions are without
regard to case unless they have capitals.
"""

from __future__ import annotations

__all__ = (
    "BASELINE",
    "BOTTOM",
    "CHARACTER_WIDTH",
    "FRAME_HEIGHT",
    "LEAST_TEXT",
    "MARGIN",
    "TEXT_PAD",
    "TOP",
    "WIDTH",
    "page",
)

WIDTH, MARGIN, TOP, BOTTOM = 1200, 10, 56, 32
FRAME_HEIGHT, BASELINE = 17, 12
"""All in pixels; `BASELINE` is how far below a frame's upper edge its text stands."""

TEXT_PAD, LEAST_TEXT = 3, 3
"""Pixels beside a frame's text, and the characters that are worth showing."""

CHARACTER_WIDTH = 7.3
"""Pixels, rounded up, of a monospaced font of 12."""

_STYLE = """
text { font: 12px monospace; fill: #000; pointer-events: none; }
#title { font-size: 17px; text-anchor: middle; }
#reset, #search { display: none; pointer-events: auto; cursor: pointer; }
#search, #matched { text-anchor: end; }
#frames g { cursor: pointer; }
#frames g:hover rect { stroke: #000; stroke-width: 0.5; }
#frames .caller rect { opacity: 0.5; }
#frames .match rect { fill: #e600e6; }
"""

_SCRIPT = """
const SLACK = 0.001;  // of sums of hundredths
const inner = WIDTH - 2 * MARGIN;
const find = id => document.getElementById(id);
const frames = Array.from(find("frames").children, group => {
  const rect = group.querySelector("rect");
  const [name, about] = group.querySelector("title").textContent.split("\\n");
  const [x, y, width] = ["x", "y", "width"].map(one => Number(rect.getAttribute(one)));
  return {group, rect, text: group.querySelector("text"), name, about, x, y, width};
});
const frameOf = new Map(frames.map(frame => [frame.group, frame]));
let pattern = "";

function label(frame, x, width) {
  const room = Math.trunc((width - 2 * TEXT_PAD) / CHARACTER_WIDTH);
  if (room >= LEAST_TEXT && !frame.text) {
    frame.text = document.createElementNS("http://www.w3.org/2000/svg", "text");
    frame.text.setAttribute("y", frame.y + BASELINE);
    frame.group.append(frame.text);
  }
  if (!frame.text) return;
  const {name} = frame;
  frame.text.setAttribute("x", x + TEXT_PAD);
  frame.text.textContent =
    room < LEAST_TEXT ? "" : name.length > room ? name.slice(0, room - 2) + ".." : name;
}

function place(frame, x, width) {
  frame.rect.setAttribute("x", x);
  frame.rect.setAttribute("width", width);
  label(frame, x, width);
}

function zoom(into) {
  const scale = inner / into.width;
  const end = into.x + into.width;
  for (const frame of frames) {
    const {x, y, width} = frame;
    const isOnPath = y >= into.y && x <= into.x + SLACK && x + width >= end - SLACK;
    const isCalled = y < into.y && x >= into.x - SLACK && x + width <= end + SLACK;
    frame.group.style.display = isOnPath || isCalled ? "" : "none";
    frame.group.classList.toggle("caller", isOnPath && frame !== into);
    if (isOnPath) place(frame, MARGIN, inner);
    else if (isCalled) place(frame, MARGIN + (x - into.x) * scale, width * scale);
  }
  find("reset").style.display = into === frames[0] ? "none" : "inline";
}

function matcher(words) {
  const flags = words === words.toLowerCase() ? "i" : "";
  try {
    return new RegExp(words, flags);
  } catch {
    return new RegExp(words.replace(/[^\\w\\s]/g, "\\\\$&"), flags);
  }
}

function search(words) {
  pattern = words;
  const matches = matcher(words);
  const found = frames.filter(frame => {
    const isFound = words !== "" && matches.test(frame.name);
    frame.group.classList.toggle("match", isFound);
    return isFound;
  });
  found.sort((one, other) => one.x - other.x || other.width - one.width);
  let share = 0, end = 0;
  for (const {x, width} of found) {
    if (x < end - SLACK) continue;  // below a frame that counts already
    share += width;
    end = x + width;
  }
  const percent = (100 * share / frames[0].width).toFixed(2);
  find("matched").textContent = words === "" ? "" : `matched: ${percent}%`;
}

function ask() {
  const words = prompt("Frames to show (a regular expression, nothing for none):", pattern);
  if (words !== null) search(words);
}

function showDetails(event) {
  const frame = frameOf.get(event.target.closest("g"));
  find("details").textContent = frame ? `${frame.name} (${frame.about})` : "";
}

function onClick(event) {
  const frame = frameOf.get(event.target.closest("g"));
  if (frame) zoom(frame);
}

function onKey(event) {
  if (event.key === "F3" || (event.ctrlKey || event.metaKey) && event.key === "f") {
    event.preventDefault();
    ask();
  } else if (event.key === "Escape") {
    search("");
    zoom(frames[0]);
  }
}

if (frames.length > 0) {
  find("search").style.display = "inline";
  find("search").addEventListener("click", ask);
  find("reset").addEventListener("click", () => zoom(frames[0]));
  find("frames").addEventListener("click", onClick);
  find("frames").addEventListener("mouseover", showDetails);
  find("frames").addEventListener("mouseleave", showDetails);
  window.addEventListener("keydown", onKey);
}
"""

_MEASURES = {
    "BASELINE": BASELINE,
    "CHARACTER_WIDTH": CHARACTER_WIDTH,
    "LEAST_TEXT": LEAST_TEXT,
    "MARGIN": MARGIN,
    "TEXT_PAD": TEXT_PAD,
    "WIDTH": WIDTH,
}
"""What the script needs to know as well."""


def page(title: str, height: int, frames: str) -> str:
    """The SVG around the frames, which begin with the outermost; title and frames are XML."""
    measures = ", ".join([f"{name} = {value}" for name, value in _MEASURES.items()])
    details = "" if frames else "nothing was recorded"
    right, below = WIDTH - MARGIN, height - 10
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" \
viewBox="0 0 {WIDTH} {height}">
<style>{_STYLE}</style>
<rect width="100%" height="100%" fill="#f8f8f4"/>
<text id="title" x="{WIDTH // 2}" y="24">{title}</text>
<text id="reset" x="{MARGIN}" y="24">reset zoom</text>
<text id="search" x="{right}" y="24">search (Ctrl-F)</text>
<text id="details" x="{MARGIN}" y="{below}">{details}</text>
<text id="matched" x="{right}" y="{below}"></text>
<g id="frames">
{frames}</g>
<script><![CDATA[
"use strict";
const {measures};
{_SCRIPT.lstrip()}]]></script>
</svg>
"""
