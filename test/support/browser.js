// Runs a page as a browser does: `node browser.js <address> <selector>` waits until the page shows the selector and prints, as
// JSON, whom it asked for something, what it shows, and what went wrong. A process of its own: it ends with all that runs in it.
'use strict';

const { JSDOM, ResourceLoader, VirtualConsole } = require('jsdom');

const { fetch, Headers, Request, Response, URL } = globalThis;
const [address, selector] = process.argv.slice(2);
const asked = [];
const errors = [];

class SeenLoader extends ResourceLoader {
  fetch(url, options) {
    asked.push(url);
    return super.fetch(url, options);
  }
}

/** What jsdom lacks, and what would ask past its loader. */
function complete(window) {
  const see = (target) => {
    const url = new URL(target.url ?? target, window.location.href).href;
    asked.push(url);
    return url;
  };
  window.fetch = (target, options) => fetch(see(target), options);
  Object.assign(window, { Headers, Request, Response, scrollTo: () => undefined });
  const { open } = window.XMLHttpRequest.prototype;
  window.XMLHttpRequest.prototype.open = function (method, url, ...more) {
    see(url);
    return open.call(this, method, url, ...more);
  };
}

async function main() {
  const virtualConsole = new VirtualConsole();
  virtualConsole.on('jsdomError', ({ message }) => errors.push(message));
  virtualConsole.on('error', (...words) => errors.push(words.join(' ')));
  const { window } = await JSDOM.fromURL(address, {
    resources: new SeenLoader(),
    runScripts: 'dangerously',
    pretendToBeVisual: true,
    virtualConsole,
    beforeParse: complete,
  });
  const { document } = window;
  await new Promise((resolve) => {
    const look = () => document.querySelector(selector) && resolve();
    new window.MutationObserver(look).observe(document, { childList: true, subtree: true });
    look();
  });
  // It fetches no pictures.
  for (const { src } of document.images) if (!src.startsWith('data:')) asked.push(src);
  const shown = [...document.querySelectorAll('.opblock')].map(({ id }) => id);
  const opened = document.querySelector(selector).textContent;
  process.stdout.write(JSON.stringify({ asked, errors, shown, opened }), () => process.exit(0));
}

void main();
