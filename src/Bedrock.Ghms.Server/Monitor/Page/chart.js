// A chart of the last three minutes: lines over time, with what they were where the pointer is.

class Chart {
  static points = 180;
  static space = 'http://www.w3.org/2000/svg';

  constructor(figure, series, format) {
    this.series = series.map(one => ({ ...one, values: [] }));
    this.format = format;
    this.times = [];
    this.svg = Chart.make('svg', { role: 'img', 'aria-label': figure.textContent });
    this.grid = Chart.make('g', {}, this.svg);
    this.cross = Chart.make('line', { class: 'cross', visibility: 'hidden' }, this.svg);
    const caption = figure.querySelector('figcaption');
    for (const one of this.series) {
      one.area = Chart.make('path', { class: `area ${one.color}` }, this.svg);
      one.line = Chart.make('path', { class: `stroke ${one.color}` }, this.svg);
      const key = element('span', 'key');
      key.append(element('i', one.color), one.name + ' ', one.value = element('b', '', '–'));
      caption.append(key);
    }
    figure.append(this.svg);
    this.svg.addEventListener('pointermove', event => { this.pointer = event.offsetX; this.draw(); });
    this.svg.addEventListener('pointerleave', () => { this.pointer = undefined; this.draw(); });
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  static make(name, attributes, parent) {
    const made = document.createElementNS(Chart.space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent?.append(made);
    return made;
  }

  clear() {
    this.times = [];
    for (const one of this.series) one.values = [];
    this.draw();
  }

  // A value that is not known yet is null, and leaves a gap.
  add(time, values) {
    this.times.push(time);
    this.series.forEach((one, i) => one.values.push(values[i]));
    while (this.times.length > Chart.points) {
      this.times.shift();
      for (const one of this.series) one.values.shift();
    }
    this.draw();
  }

  draw() {
    const { width, height } = this.svg.getBoundingClientRect();
    if (width === 0) return;
    const left = 52, bottom = height - 18, top = 6;
    const known = this.series.flatMap(one => one.values).filter(value => value !== null);
    const most = Chart.round(Math.max(...known, 1));
    const last = this.times.at(-1) ?? 0;
    const x = time => width - (last - time) / (Chart.points * 1000) * (width - left);
    const y = value => bottom - value / most * (bottom - top);
    this.drawGrid(left, width, height, most, y);

    const at = this.pointer === undefined ? this.times.length - 1 : this.nearest(this.pointer, x);
    for (const one of this.series) {
      const [line, area] = Chart.paths(one.values, i => x(this.times[i]), y, bottom);
      one.line.setAttribute('d', line);
      one.area.setAttribute('d', area);
      setText(one.value, one.values[at] == null ? '–' : this.format(one.values[at]));
    }
    const isPointed = this.pointer !== undefined && at >= 0;
    this.cross.setAttribute('visibility', isPointed ? 'visible' : 'hidden');
    if (isPointed) {
      for (const [key, value] of [['x1', x(this.times[at])], ['x2', x(this.times[at])], ['y1', top], ['y2', bottom]]) this.cross.setAttribute(key, value);
    }
  }

  drawGrid(left, width, height, most, y) {
    const lines = [0, most / 2, most];
    const key = [width, height, most].join();
    if (this.drawn === key) return;
    this.drawn = key;
    this.grid.replaceChildren();
    for (const value of lines) {
      Chart.make('line', { class: 'grid', x1: left, x2: width, y1: y(value), y2: y(value) }, this.grid);
      Chart.make('text', { x: left - 8, y: y(value) + 4, 'text-anchor': 'end' }, this.grid).textContent = this.format(value);
    }
    for (const [minutes, anchor] of [[3, 'start'], [2, 'middle'], [1, 'middle'], [0, 'end']]) {
      Chart.make('text', { x: width - minutes / 3 * (width - left), y: height - 3, 'text-anchor': anchor }, this.grid)
        .textContent = minutes === 0 ? 'now' : `−${minutes} min`;
    }
  }

  nearest(pointer, x) {
    let best = -1;
    for (let i = 0; i < this.times.length; i++) {
      if (best < 0 || Math.abs(x(this.times[i]) - pointer) < Math.abs(x(this.times[best]) - pointer)) best = i;
    }
    return best;
  }

  static paths(values, x, y, bottom) {
    let line = '', area = '', from = -1;
    for (let i = 0; i <= values.length; i++) {
      if (i < values.length && values[i] !== null) {
        line += `${from < 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(values[i]).toFixed(1)}`;
        if (from < 0) {
          from = i;
          area += `M${x(i).toFixed(1)} ${bottom}`;
        }
        area += `L${x(i).toFixed(1)} ${y(values[i]).toFixed(1)}`;
      } else if (from >= 0) {
        area += `L${x(i - 1).toFixed(1)} ${bottom}Z`;
        from = -1;
      }
    }
    return [line, area];
  }

  // The next of 1, 2, 4, 10, 20, 40 …, whose halves are easy to read as well.
  static round(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [1, 2, 4, 10].find(step => step * power >= value) * power;
  }
}
