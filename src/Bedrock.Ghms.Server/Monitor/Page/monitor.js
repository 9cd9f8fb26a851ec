// Asks for a snapshot every second while somebody can see the page, and shows one broker of it.

const base = location.pathname.replace(/\/+$/, '');
const show = (id, text) => setText(document.getElementById(id), text);
const main = document.querySelector('main');

let chosen = decodeURIComponent(location.hash.slice(1));
let isPaused = false;
let timer = 0;
let asked = 0;

const inAndOut = [{ name: 'in', color: 'in-color' }, { name: 'out', color: 'out-color' }];
const charts = {
  messages: new Chart(document.getElementById('messages-chart'), inAndOut, Format.rate),
  bytes: new Chart(document.getElementById('bytes-chart'), inAndOut, Format.bytes),
  backlog: new Chart(document.getElementById('backlog-chart'), [{ name: 'waiting', color: 'backlog-color' }], Format.bytes),
};
const table = new ConnectionTable(() => refresh(true), close);
const find = document.getElementById('find');
let lastAt = '';

async function refresh(mustReorder = false) {
  clearTimeout(timer);
  const turn = ++asked;
  try {
    const query = new URLSearchParams({ sort: table.sort, order: table.order, find: find.value });
    const response = await fetch(`${base}/snapshot.json?${query}`, { cache: 'no-store' });
    if (!response.ok || !response.headers.get('content-type')?.includes('json')) {
      throw new Error(response.ok || response.status === 401 || response.status === 403 ? 'Signed out' : `Error ${response.status}`);
    }
    const snapshot = await response.json();
    if (turn !== asked) return;
    render(snapshot, mustReorder);
    setState(isPaused ? 'paused' : 'live', isPaused ? 'Paused' : 'Live');
  } catch (error) {
    if (turn !== asked) return;
    setState('lost', error instanceof TypeError ? 'No connection' : error.message);
  }
  if (!isPaused && !document.hidden) timer = setTimeout(refresh, 1000);
}

function setState(state, text) {
  document.getElementById('state').dataset.state = state;
  main.classList.toggle('stale', state === 'lost');
  show('state-text', text);
}

function render(snapshot, mustReorder) {
  const broker = snapshot.brokers.find(one => one.name === chosen) ?? snapshot.brokers[0];
  renderBrokers(snapshot.brokers, broker);
  renderCards(broker);
  renderTopics(broker.topics);
  table.show(broker, mustReorder);
  renderCount(broker);
  if (snapshot.at !== lastAt) {
    lastAt = snapshot.at;
    const rate = broker.rate;
    const time = Date.parse(snapshot.at);
    charts.messages.add(time, [rate?.receivedMessages ?? null, rate?.sentMessages ?? null]);
    charts.bytes.add(time, [rate?.receivedBytes ?? null, rate?.sentBytes ?? null]);
    charts.backlog.add(time, [broker.pendingBytes]);
  }
}

function renderBrokers(brokers, current) {
  const nav = document.getElementById('brokers');
  if (brokers.length < 2) return;
  if (nav.children.length !== brokers.length) {
    nav.replaceChildren(...brokers.map(broker => {
      const button = element('button', '', broker.name);
      button.type = 'button';
      button.addEventListener('click', () => {
        chosen = broker.name;
        history.replaceState(null, '', `#${encodeURIComponent(chosen)}`);
        Object.values(charts).forEach(chart => chart.clear());
        table.clear();
        lastAt = '';
        refresh(true);
      });
      return button;
    }));
  }
  brokers.forEach((broker, i) => nav.children[i].setAttribute('aria-current', broker === current));
}

function renderCards(broker) {
  const share = broker.connectionCount / broker.maxConnections;
  const meter = document.getElementById('connections-meter');
  const isFull = share >= 1;
  meter.style.width = `${Math.min(100, share * 100)}%`;
  meter.className = isFull ? 'full' : '';
  show('connections', broker.connectionCount.toLocaleString('en'));
  note('connections-note', broker.isClosed ? 'closed' : `of ${broker.maxConnections.toLocaleString('en')}${isFull ? ': no room' : ''}`, isFull || broker.isClosed ? 'bad' : '');
  rate('received', broker.rate?.receivedMessages, broker.rate?.receivedBytes, broker.total.receivedMessages);
  rate('sent', broker.rate?.sentMessages, broker.rate?.sentBytes, broker.total.sentMessages);
  show('pending', Format.bytes(broker.pendingBytes));
  note('pending-note', broker.overSoftLimit === 0 ? 'nobody lags' : `${broker.overSoftLimit.toLocaleString('en')} over ${Format.bytes(broker.softLimit)}`, broker.overSoftLimit > 0 ? 'warn' : '');
  show('dropped', Format.count(broker.dropped));
  note('dropped-note', broker.unhandled === 0 ? 'in all' : `and ${Format.count(broker.unhandled)} unhandled`, '');
}

function note(id, text, className) {
  show(id, text);
  document.getElementById(id).className = `note ${className}`;
}

function rate(id, messages, bytes, total) {
  const value = document.getElementById(id);
  if (!value.firstElementChild) value.replaceChildren(element('span'), element('small', '', '/s'));
  setText(value.firstElementChild, messages === undefined ? '–' : Format.rate(messages));
  show(`${id}-note`, bytes === undefined ? `Σ ${Format.count(total)}` : `${Format.bytes(bytes)}/s · Σ ${Format.count(total)}`);
}

function renderTopics(topics) {
  const section = document.getElementById('topics');
  section.hidden = !topics;
  if (!topics) return;
  const facts = [
    ['Topics with a retained value', `${Format.count(topics.retained)} (${Format.bytes(topics.retainedBytes)})`],
    ['Not retained for want of room', Format.count(topics.notRetained)],
    ['Publications denied', Format.count(topics.denied)],
    ['Publications undelivered', Format.count(topics.undelivered)],
  ];
  facts.forEach(([name, text], i) => {
    const fact = section.children[i] ?? section.appendChild(element('span', '', name));
    const value = fact.querySelector('b') ?? fact.appendChild(element('b'));
    setText(value, text);
  });
}

function renderCount(broker) {
  const listed = broker.connections.length;
  show('count', listed < broker.found ? `the first ${listed} of ${broker.found.toLocaleString('en')}` : find.value ? `${broker.found} of ${broker.connectionCount.toLocaleString('en')}` : '');
  const empty = document.getElementById('empty');
  empty.hidden = listed > 0;
  setText(empty, find.value ? 'No connection matches.' : 'Nobody is connected.');
}

// Asks first; resolves to whether the connection is being closed.
async function close(one) {
  const dialog = document.getElementById('confirm');
  show('confirm-id', one.id);
  show('confirm-about', [one.user, one.remote, one.path].filter(Boolean).join(' · '));
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise(resolve => dialog.addEventListener('close', resolve, { once: true }));
  if (dialog.returnValue !== 'close') return false;
  try {
    const response = await fetch(`${base}/close`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Ghms-Monitor': '1' },
      body: JSON.stringify({ id: one.id }),
    });
    toast(response.ok ? `${one.id} is being closed` : response.status === 404 ? `${one.id} had gone already` : `${one.id} could not be closed: ${response.status}`);
    return response.ok || response.status === 404;
  } catch {
    toast(`${one.id} could not be closed: no connection`);
    return false;
  }
}

let toastTimer = 0;
function toast(text) {
  const line = document.getElementById('toast');
  line.textContent = text;
  line.classList.add('shown');
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => line.classList.remove('shown'), 3500);
}

document.getElementById('pause').addEventListener('click', event => {
  isPaused = !isPaused;
  event.currentTarget.textContent = isPaused ? 'Resume' : 'Pause';
  event.currentTarget.setAttribute('aria-pressed', isPaused);
  if (isPaused) {
    clearTimeout(timer);
    asked++;
    setState('paused', 'Paused');
  } else {
    refresh();
  }
});
find.addEventListener('input', () => refresh(true));
document.addEventListener('visibilitychange', () => { if (!document.hidden && !isPaused) refresh(); });
refresh();
