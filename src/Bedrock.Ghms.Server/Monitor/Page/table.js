// The connections. The server sorts and finds, for it may have far more of them than are listed here.

class ConnectionTable {
  static columns = [
    { title: 'Connection', sort: 'id', render: (cell, one) => { cell.title = one.id; ConnectionTable.name(cell, one); } },
    { title: 'Remote', sort: 'remote', className: 'wide', text: one => one.remote ?? '' },
    { title: 'Path', sort: 'path', className: 'wide', text: one => one.path },
    { title: 'Encoding', sort: 'encoding', className: 'minor wide quiet', text: one => one.encoding.replace('application/', '') },
    { title: 'Backlog', sort: 'pending', number: true, render: (cell, one, broker) => ConnectionTable.level(cell, one, broker) },
    { title: 'Dropped', sort: 'dropped', number: true, className: 'wide', zero: one => one.dropped === 0, text: one => Format.count(one.dropped) },
    { title: 'In/s', sort: 'receivedRate', number: true, zero: one => !one.rate?.receivedMessages, text: one => one.rate ? Format.rate(one.rate.receivedMessages) : '–' },
    { title: 'Out/s', sort: 'sentRate', number: true, zero: one => !one.rate?.sentMessages, text: one => one.rate ? Format.rate(one.rate.sentMessages) : '–' },
    { title: 'Received', sort: 'received', number: true, className: 'minor wide', text: one => Format.count(one.total.receivedMessages) },
    { title: 'Sent', sort: 'sent', number: true, className: 'minor wide', text: one => Format.count(one.total.sentMessages) },
    { title: 'Bytes in', sort: 'receivedBytes', number: true, className: 'minor wide', text: one => Format.bytes(one.total.receivedBytes) },
    { title: 'Bytes out', sort: 'sentBytes', number: true, className: 'minor wide', text: one => Format.bytes(one.total.sentBytes) },
  ];

  constructor(onSort, onClose) {
    this.sort = 'pending';
    this.order = 'descending';
    this.rows = new Map();
    this.body = document.getElementById('rows');
    this.onClose = onClose;
    const head = document.getElementById('columns');
    this.heads = ConnectionTable.columns.map(column => {
      const cell = element('th', `${column.className ?? ''} ${column.number ? 'number' : ''}`.replace('quiet', ''));
      const button = element('button');
      button.type = 'button';
      button.append(...(column.number ? [element('span', 'arrow'), column.title] : [column.title, element('span', 'arrow')]));
      button.addEventListener('click', () => {
        this.order = this.sort === column.sort ? (this.order === 'descending' ? 'ascending' : 'descending') : column.number ? 'descending' : 'ascending';
        this.sort = column.sort;
        this.showSort();
        onSort();
      });
      cell.append(button);
      head.append(cell);
      return cell;
    });
    head.append(element('th'));
    this.showSort();
  }

  showSort() {
    ConnectionTable.columns.forEach((column, i) => {
      const isSorted = column.sort === this.sort;
      if (isSorted) this.heads[i].setAttribute('aria-sort', this.order);
      else this.heads[i].removeAttribute('aria-sort');
      setText(this.heads[i].querySelector('.arrow'), isSorted ? (this.order === 'descending' ? '▾' : '▴') : '');
    });
  }

  show(broker, mustReorder) {
    const connections = broker.connections;
    const gone = new Set(this.rows.keys());
    for (const one of connections) {
      gone.delete(one.id);
      if (!this.rows.has(one.id)) this.rows.set(one.id, this.makeRow(one));
      this.fill(this.rows.get(one.id), one, broker);
    }
    for (const id of gone) {
      this.rows.get(id).remove();
      this.rows.delete(id);
    }

    // Nobody can hit a row that runs away: while the pointer is over them, rows stay where they are.
    const holdsStill = !mustReorder && this.body.matches(':hover');
    connections.forEach((one, i) => {
      const row = this.rows.get(one.id);
      if (!row.isConnected) this.body.append(row);
      if (!holdsStill && this.body.children[i] !== row) this.body.insertBefore(row, this.body.children[i] ?? null);
    });
  }

  clear() {
    this.rows.clear();
    this.body.replaceChildren();
  }

  makeRow(one) {
    const row = element('tr');
    for (const column of ConnectionTable.columns) row.append(element('td', `${column.className ?? ''} ${column.number ? 'number' : ''}`));
    const cell = element('td', 'act');
    const button = element('button', '', 'Close');
    button.type = 'button';
    button.setAttribute('aria-label', `Close connection ${one.id}`);
    button.addEventListener('click', async () => {
      if (await this.onClose(one)) {
        row.classList.add('closing');
        button.disabled = true;
      }
    });
    cell.append(button);
    row.append(cell);
    return row;
  }

  fill(row, one, broker) {
    ConnectionTable.columns.forEach((column, i) => {
      const cell = row.children[i];
      if (column.render) column.render(cell, one, broker);
      else {
        setText(cell, column.text(one));
        if (column.zero) cell.classList.toggle('zero', column.zero(one));
        if (!column.number) cell.title = cell.textContent;
      }
    });
  }

  static name(cell, one) {
    if (!cell.firstChild) cell.append(element('code'), element('span', 'note'));
    setText(cell.children[0], one.id);
    setText(cell.children[1], one.user ?? '');
  }

  static level(cell, one, broker) {
    if (!cell.firstChild) {
      const level = element('span', 'level');
      level.append(element('span'));
      cell.append(level, element('span', 'amount'));
    }
    const part = Math.min(1, one.pendingBytes / broker.softLimit);
    cell.children[0].classList.toggle('over', part >= 1);
    cell.children[0].firstChild.style.width = part > 0 ? `max(3px, ${part * 100}%)` : '0';
    cell.classList.toggle('zero', one.pendingBytes === 0);
    setText(cell.children[1], Format.bytes(one.pendingBytes));
  }
}
