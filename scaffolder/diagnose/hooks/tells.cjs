// What a copy of a container has its Node load first: it writes down what the program swallows.
//
// The program's own Node runs this (NODE_OPTIONS), and only in a copy. The debugger within the
// process stops at each exception, caught or not, notes it and goes on at once. When the program
// ends, `raised`, beside this file, gets the last ones, whether the program has worked since, and how
// it ends, with the exception that it was handling, in lines as sitecustomize.py writes them. Where
// its event loop becomes empty, they tell what is left: promises that nobody settled, and handles
// that keep nothing. An await at which all that the modules began has stopped is told apart: what
// follows it was to be done.
'use strict';

const fs = require('fs');
const { createHook, executionAsyncId } = require('async_hooks');
const { isMainThread } = require('worker_threads');

const RECORDS = `${__dirname}/raised`;
const MOST_EVENTS = 2000; // what is raised more often directs the program; each costs 0.7 ms
const LONGEST = 8000;
const MOST_HANDLED = 20;
const NEAR = 3;
const MOST_LEFT = 3000; // promises and handles whose places are kept
const DEPTH = 30; // of a stack that begins in the body of a module
const IDLE = ['/proc/', '/sys/', '/dev/', '/usr/share/', '/etc/', __dirname];
const { appendFileSync } = fs;

let events = 0;
const handled = []; // the exceptions that the program handled last, the last one at the end
let hasWorked = false; // whether it has worked since
let heard = 0; // within how many listeners for errors the program is
let inCatch = false; // whether the end is within a catch block that has a name for its exception

/** Write a line; never fail. */
function record(kind, error, place, how = '', way = []) {
  const { text = '', names = [] } = error || {};
  try {
    appendFileSync(RECORDS, JSON.stringify({ kind, text, place, how, names, way }) + '\n');
  } catch {
    // Then there is no record.
  }
}

/** Return the places of the program itself in a stack as V8 prints it, the innermost first. */
function own(stack) {
  const found = [];
  for (const line of String(stack).split('\n')) {
    const at = /^\s+at (?:async )?(?:(.*) \()?(?:file:\/\/)?([^()]*?):(\d+):\d+\)?$/.exec(line);
    if (!at || /^node:|\/node_modules\//.test(at[2]) || at[2].startsWith(__dirname)) continue;
    found.push({ place: `${at[2]}:${at[3]}`, file: at[2], line: Number(at[3]), name: at[1] || '' });
  }
  return found;
}

/** Take note of an exception. Node's resolver raises and handles some of its own, unless the program hears of it. */
function raised(data, isHeard = false) {
  const lines = String(data.description || data.value || '').slice(0, LONGEST).split('\n');
  const text = lines.filter((line) => !line.includes(`${__dirname}/`)).join('\n');
  const places = own(text);
  if (!isHeard && !places.length && /Invalid URL|node:internal\/modules\/(?:cjs|esm\/resolve)/.test(text)) return;
  const names = [String(data.className || data.type || '')];
  if (/^\w*Error[^\n]*\bE[A-Z]{3,}\b/.test(text)) names.push('OSError');
  if (/^[^\n]*Cannot find (?:module|package)/.test(text)) names.push('ImportError');
  handled.push({ text, names, places });
  if (handled.length > MOST_HANDLED) handled.shift();
  hasWorked = false;
}

/** Have errors noted that a listener gets: of a worker, a child, a socket or a stream, nobody throws them. */
function listens() {
  const { prototype } = require('events').EventEmitter;
  const { emit } = prototype;
  prototype.emit = function emitting(type, ...args) {
    const [error] = args;
    if (type !== 'error' || !(error instanceof Error) || !this.listenerCount(type)) return emit.call(this, type, ...args);
    if ((events += 1) < MOST_EVENTS) hears(error);
    heard += 1;
    try {
      return emit.call(this, type, ...args);
    } finally {
      heard -= 1;
    }
  };
}

function hears(error) {
  try {
    const code = /^E[A-Z]{3,}$/.test(error.code) && !String(error.stack).includes(error.code) ? ` ${error.code}` : '';
    raised({ className: error.name, description: String(error.stack || error).replace(/$/m, code) }, true);
  } catch {
    // An error that cannot be described is left out.
  }
}

/** Take note that the program goes on after it has handled an exception. */
function works(path) {
  const name = path instanceof URL ? path.pathname : String(path);
  if (!handled.length || IDLE.some((place) => name.startsWith(place)) || /\.(?:[cm]?js|json|node)$/.test(name)) return;
  hasWorked = true;
}

/** Have a function take note of that before it does its work. */
function noted(holder, name, named) {
  const original = holder[name];
  if (typeof original !== 'function') return;
  holder[name] = Object.assign(function noting(...args) {
    works(named ? args[0] : '');
    return original.apply(this, args);
  }, original);
}

/** Return the exception that it handled last, unless it has worked since. */
function latest() {
  return hasWorked ? null : handled.at(-1) || null;
}

/** Write how the program ends, and the exceptions before that. */
function end(place, how, isHandling, way = []) {
  for (const one of handled) record('handled', one, one.places.length ? one.places[0].place : 'its event loop');
  if (hasWorked) record('works', null, '');
  record('exit', isHandling ? latest() : null, place, how, way);
}

const made = new Map(); // promises that are pending, and handles: what, where, and after which promise
const resolved = new Map(); // promises that were resolved, which may be with one that is pending
const entries = new Map(); // by promise, the line in the body of a module that began what made it
const first = new Map(); // by such a line, the first promise: that of the function which it calls
const over = new Set(); // these lines, where something that they wait for in the body has come
let closed = ''; // where a server was closed last
let known = 0;

/** Return the place in the body of a module at which a stack begins; empty if in none. */
function entryOf(lines) {
  const at = lines.findIndex((line) => /^\s+at (?:Module\._compile|ModuleJob\.run) /.test(line));
  const [body] = at > 0 ? own(lines[at - 1]) : [];
  return body ? body.place : '';
}

function begun(id, type, trigger, resource) {
  if (type !== 'PROMISE' && type !== 'Timeout' && !/^(?:TCP|PIPE)SERVERWRAP$/.test(type)) return;
  if (known >= MOST_LEFT) return;
  known += 1;
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  if (/\bat (?:Promise|Function)\.(?:race|any) /.test(stack)) return; // who loses may stay pending
  const [at] = own(stack);
  const place = at ? at.place : '';
  if (type === 'PROMISE' && place) {
    const begins = entryOf(stack.split('\n'));
    const entry = begins || entries.get(executionAsyncId()) || '';
    if (entry) entries.set(id, entry);
    if (begins && !first.has(entry)) first.set(entry, id);
  }
  const isPlain = /\bat new Promise /.test(stack);
  const isAfter = trigger !== executionAsyncId(); // what waits for a promise is one itself, made after that
  made.set(id, { type, place, trigger, isAfter, isPlain, resource: type === 'PROMISE' ? null : resource });
}

/** Forget a promise that is settled, and take note of it if the body of a module waits for it. */
function settled(id) {
  const { type, place } = made.get(id) || {};
  if (type !== 'PROMISE') return;
  const entry = entries.get(id);
  if (entry && (place === entry || first.get(entry) === id)) over.add(entry);
  resolved.set(id, made.get(id));
  made.delete(id);
}

/** Tell whether something follows a line in its function, or is called when it has its promise. */
function isFollowed(place) {
  const at = place.lastIndexOf(':');
  const lines = fs.readFileSync(place.slice(0, at), 'utf8').split('\n').slice(Number(place.slice(at + 1)) - 1);
  if (/\.then\((?!\(\w*\) => \{\}\))/.test(lines[0])) return true;
  const indent = (line) => line.search(/\S/);
  for (const line of lines.slice(1)) {
    if (indent(line) < 0 || /^\s*\/[/*]/.test(line)) continue;
    if (indent(line) < indent(lines[0])) return false;
    if (indent(line) === indent(lines[0]) && !/^\s*[)}\]]/.test(line)) return indent(line) > 0;
  }
  return false;
}

/** Tell of the await that the program still waits at, and whether that is all it had to do. */
function leftPending(every) {
  const awaited = ({ trigger, isAfter }) => made.get(trigger) || (isAfter && resolved.get(trigger)) || {};
  const waits = every.filter((one) => one.type === 'PROMISE' && awaited(one).type === 'PROMISE');
  // Not for another function of its own: that promise is made in that function.
  const inner = waits.filter((one) => awaited(one).isPlain || awaited(one).place === one.place);
  const [last] = [...waits, ...inner].slice(-1);
  if (!last) return;
  const began = new Set(entries.values());
  let isAll = false;
  try {
    isAll = began.size > 0 && !over.size && began.has(entries.get(last.id)) && isFollowed(last.place);
  } catch {
    // A source that cannot be read tells nothing.
  }
  const { place } = awaited(last);
  const promise = { text: isAll && place !== last.place ? place : '', names: [] };
  record('left', promise, last.place, isAll ? 'main' : 'await');
}

/** Write what is left where nothing keeps the event loop. */
function left() {
  const every = [...made].map(([id, one]) => ({ id, ...one })).filter(({ place }) => place);
  leftPending(every);
  for (const { type, place, resource } of every) {
    if (resource && resource.hasRef && resource.hasRef() === false && !resource._destroyed) {
      record('left', null, place, type === 'Timeout' ? 'timer' : 'server');
    }
  }
  if (closed) record('left', null, closed, 'closed');
}

function remember() {
  createHook({ init: begun, before: settled, promiseResolve: settled }).enable();
  const { prototype } = require('net').Server;
  const { close } = prototype;
  prototype.close = function closing(...args) {
    const [at] = own(new Error().stack);
    if (at) closed = at.place;
    return close.apply(this, args);
  };
  let isEmpty = false;
  process.on('beforeExit', () => { isEmpty = true; });
  process.on('exit', () => isEmpty && left());
}

/** Take note of the end that the program chooses. */
function ends(code) {
  const way = own(new Error().stack);
  const [at] = way;
  inCatch = false;
  debugger; // `paused` looks whether this is within a catch block
  const last = latest();
  const near = last && at && last.places.some(
    (one) => one.file === at.file && one.name === at.name && at.line >= one.line && at.line - one.line <= NEAR);
  end(at ? at.place : 'node', `process.exit(${code})`, inCatch || heard > 0 || near, way.map((one) => [one.place, one.name]));
}

function paused({ reason, data, callFrames }, session) {
  try {
    if (reason === 'exception' || reason === 'promiseRejection') raised(data || {});
    else inCatch = callFrames.some((frame) => frame.scopeChain.some(({ type }) => type === 'catch'));
  } catch {
    // An exception that cannot be described is left out.
  }
  session.post('Debugger.resume');
  events += 1;
  if (events < MOST_EVENTS) return;
  handled.length = 0;
  session.post('Debugger.setPauseOnExceptions', { state: 'none' });
}

function listen() {
  const { Session } = require('inspector');
  const session = new Session();
  session.connect();
  session.on('Debugger.paused', ({ params }) => paused(params, session));
  session.post('Debugger.enable');
  session.post('Debugger.setPauseOnExceptions', { state: 'all' });
  for (const name of ['open', 'openSync', 'readFile', 'readFileSync', 'writeFile', 'writeFileSync',
    'appendFile', 'createReadStream', 'createWriteStream', 'mkdir', 'mkdirSync', 'rename', 'renameSync']) {
    noted(fs, name, true);
    noted(fs.promises, name, true);
  }
  noted(require('net').Socket.prototype, 'connect', false);
  for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork']) {
    noted(require('child_process'), name, false);
  }
  listens();
  require('module').syncBuiltinESMExports?.();
  process.on('exit', (code) => code && end('its end', `process.exitCode = ${code}`, false));
  const leave = process.reallyExit;
  process.reallyExit = function reallyExit(code) {
    ends(code);
    return leave.call(process, code);
  };
}

/** The error of a thread reaches the program as an event, which it may not look at. */
function tellThread(error) {
  const text = String((error && error.stack) || error).slice(0, LONGEST);
  const [at] = own(text);
  record('left', { text, names: [] }, at ? at.place : 'its source', 'thread');
}

try {
  fs.accessSync(RECORDS, fs.constants.W_OK);
  if (isMainThread) {
    listen();
    remember();
  } else process.on('uncaughtExceptionMonitor', tellThread);
} catch {
  // Without its file it does nothing, and neither does a Node that has no inspector.
}
