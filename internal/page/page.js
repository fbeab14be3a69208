// What a page can do beyond being read: filter lists, sort tables, follow its
// own links inside a sandboxed frame. Everything is made here, so that a page
// without scripts shows all there is and no dead control. No ampersand stands
// right before a letter: Prow's lens decodes the file once more.
(function () {
  'use strict';
  function make(tag, attrs, text) {
    const e = document.createElement(tag);
    for (const k in attrs) e.setAttribute(k, attrs[k]);
    if (text !== undefined) e.textContent = text;
    return e;
  }
  let asked = new URLSearchParams(location.search);
  let named = false;
  // An item may have several values of a facet, with a comma and a blank between.
  function values(item, facet) { return (item.dataset[facet] || '').split(', ').filter(Boolean); }
  function title(word) { return word.charAt(0).toUpperCase() + word.slice(1).replace(/-/g, ' '); }

  // <div data-filter="LABEL" data-facets="severity set"> holds items
  // [data-item] with data-severity, data-set; a [data-group] inside without a
  // visible item is hidden. With data-most="300", so many are shown until a
  // button asks for all: to lay out thousands at every key would not be fluent.
  function filter(list) {
    let items = Array.from(list.querySelectorAll('[data-item]'));
    if (items.length < 2) return;
    let most = Number(list.dataset.most) || Infinity;
    const groups = Array.from(list.querySelectorAll('[data-group]'));
    const bar = make('div', { class: 'filter', role: 'search' });
    const chosen = {};
    const leading = !named; // the first list of a page has its address
    named = true;
    let ready = false;
    const words = make('input', { type: 'search', placeholder: list.dataset.filter, 'aria-label': list.dataset.filter, autocomplete: 'off', spellcheck: 'false' });
    const count = make('output', { 'aria-live': 'polite' });
    const all = make('button', { type: 'button', class: 'all' }, 'Show all');
    const texts = new Map();
    function has(item, word) {
      if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
      return texts.get(item).includes(word);
    }
    // What is chosen stands in the address, so that it can be sent to somebody. A
    // page in a frame made from text has no address of its own.
    function remember() {
      if (!leading || location.protocol === 'about:') return;
      const state = new URLSearchParams();
      if (words.value) state.set('q', words.value);
      for (const facet in chosen) chosen[facet].forEach(function (v) { state.append(facet, v); });
      try { history.replaceState(null, '', location.pathname + (state.size ? '?' + state : '') + location.hash); } catch (e) { /* a frame may not */ }
    }
    function apply() {
      if (ready) remember();
      const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let matching = 0;
      items.forEach(function (item) {
        let ok = wanted.every(function (w) { return has(item, w); });
        for (const facet in chosen) if (ok) ok = chosen[facet].size === 0 || values(item, facet).some(function (v) { return chosen[facet].has(v); });
        if (ok) matching++;
        const hide = !ok || matching > most;
        if (item.hidden !== hide) item.hidden = hide;
      });
      groups.forEach(function (g) {
        g.hidden = !g.querySelector('[data-item]:not([hidden])');
        if (g.tagName === 'DETAILS' && wanted.length > 0) g.open = true;
      });
      const those = matching === items.length ? String(matching) : matching + ' of ' + items.length;
      all.hidden = matching <= most;
      count.textContent = matching <= most ? those + ' shown' : those + ' found, the first ' + most + ' shown';
    }
    all.addEventListener('click', function () { most = Infinity; apply(); });
    list.addEventListener('sorted', function () { items = Array.from(list.querySelectorAll('[data-item]')); apply(); });
    bar.append(words);
    (list.dataset.facets || '').split(/\s+/).filter(Boolean).forEach(function (facet) {
      const counts = new Map();
      items.forEach(function (i) { values(i, facet).forEach(function (v) { counts.set(v, (counts.get(v) || 0) + 1); }); });
      if (counts.size === 0 || counts.size === 1 && counts.values().next().value === items.length) return;
      const first = asked.getAll(facet).filter(function (v) { return counts.has(v); });
      chosen[facet] = new Set(first);
      if (counts.size <= 5 && Array.from(counts.keys()).join('').length <= 60) {
        const chips = make('div', { class: 'chips', role: 'group', 'aria-label': title(facet) });
        counts.forEach(function (n, v) {
          const b = make('button', { type: 'button', 'aria-pressed': String(first.includes(v)), 'data-by': facet, 'data-is': v }, v + ' ' + n);
          b.addEventListener('click', function () {
            const on = !chosen[facet].delete(v);
            if (on) chosen[facet].add(v);
            b.setAttribute('aria-pressed', String(on));
            apply();
          });
          chips.append(b);
        });
        bar.append(chips);
        return;
      }
      const select = make('select', { 'aria-label': title(facet), 'data-by': facet });
      select.append(make('option', { value: '' }, title(facet) + ': all'));
      Array.from(counts.keys()).sort().forEach(function (v) { select.append(make('option', { value: v }, v + ' (' + counts.get(v) + ')')); });
      select.value = first[0] || '';
      select.addEventListener('change', function () {
        chosen[facet] = new Set(select.value ? [select.value] : []);
        apply();
      });
      bar.append(select);
    });
    bar.append(count, all);
    let waiting = 0;
    words.addEventListener('input', function () { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(apply); });
    list.prepend(bar);
    words.value = asked.get('q') || '';
    asked = new URLSearchParams();
    apply();
    ready = true;
  }

  // <table data-sort>: every <th> of the head sorts, by data-v of the cell or
  // its text; numbers as numbers. Each <tbody> is sorted by itself.
  function sortable(table) {
    const heads = Array.from(table.tHead ? table.tHead.rows[0].cells : []);
    heads.forEach(function (th, column) {
      if (!th.textContent.trim()) return;
      const b = make('button', { type: 'button' }, th.textContent.trim());
      th.textContent = '';
      th.append(b);
      b.addEventListener('click', function () {
        const down = th.getAttribute('aria-sort') === 'ascending';
        heads.forEach(function (h) { h.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        Array.from(table.tBodies).forEach(function (body) { sort(body, column, down); });
        table.dispatchEvent(new Event('sorted', { bubbles: true }));
      });
    });
  }
  const order = new Intl.Collator('en', { numeric: true });
  function sort(body, column, down) {
    const rows = Array.from(body.rows).map(function (row) {
      const cell = row.cells[column];
      const text = cell ? (cell.dataset.v || cell.textContent.trim()) : '';
      return { row: row, text: text, number: text === '' ? NaN : Number(text) };
    });
    rows.sort(function (a, b) {
      const by = isNaN(a.number) || isNaN(b.number) ? order.compare(a.text, b.text) : a.number - b.number;
      return down ? -by : by;
    });
    const all = document.createDocumentFragment();
    rows.forEach(function (r) { all.append(r.row); });
    body.append(all);
  }

  // Inside a frame made from text, a link to a place in the page would lead to
  // the page around it.
  document.addEventListener('click', function (e) {
    const a = e.target.closest ? e.target.closest('a[href^="#"]') : null;
    const to = a ? document.getElementById(decodeURIComponent(a.getAttribute('href').slice(1))) : null;
    if (!to) return;
    e.preventDefault();
    for (let p = to; p; p = p.parentElement) if (p.tagName === 'DETAILS') p.open = true;
    to.scrollIntoView();
    to.setAttribute('tabindex', '-1');
    to.focus({ preventScroll: true });
  });

  // In a graph, what the pointer is on lights up with what it is joined to.
  function graph(svg) {
    function light(e) {
      const node = e.target.closest('[data-node]');
      svg.classList.toggle('focus', node !== null);
      svg.querySelectorAll('path').forEach(function (p) {
        p.classList.toggle('on', node !== null && [p.dataset.a, p.dataset.b].includes(node.dataset.node));
      });
    }
    svg.addEventListener('pointerover', light);
    svg.addEventListener('focusin', light);
  }

  document.querySelectorAll('svg[data-graph]').forEach(graph);
  document.querySelectorAll('[data-filter]').forEach(filter);
  document.querySelectorAll('table[data-sort]').forEach(sortable);
})();
