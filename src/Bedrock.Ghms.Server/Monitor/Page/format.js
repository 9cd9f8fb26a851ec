'use strict';

// How numbers are written. All texts reach the page as text, never as markup.

const Format = {
  count(value) {
    if (value < 10000) return Math.round(value).toLocaleString('en');
    return Format.scaled(value, 1000, ['', 'k', 'M', 'G', 'T']);
  },

  rate(value) {
    if (value > 0 && value < 10) return value.toFixed(1);
    return Format.count(value);
  },

  bytes(value) {
    return Format.scaled(value, 1000, [' B', ' kB', ' MB', ' GB', ' TB']);
  },

  scaled(value, base, units) {
    let unit = 0;
    while (value >= base * 0.9995 && unit < units.length - 1) {
      value /= base;
      unit++;
    }
    const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return value.toFixed(digits) + units[unit];
  },
};

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// Leaves what is the same alone, so that selections and screen readers are not disturbed.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
