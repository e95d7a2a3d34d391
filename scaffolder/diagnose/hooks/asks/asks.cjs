// What a health check in a copy has its Node load first: it writes down what the check asks.
//
// `asked`, beside the folder of this file, gets whom it connects to, and the answer: what checks
// keep to themselves that end with `process.exit(response.statusCode === 200 ? 0 : 1)`.
'use strict';

const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');

const RECORDS = path.join(path.dirname(__dirname), 'asked');
const { appendFileSync } = fs;
let mark = '\f';

/** Write a line; never fail. */
function tell(words) {
  try {
    appendFileSync(RECORDS, `${mark}${words}\n`);
    mark = '';
  } catch {
    // Then there is no record.
  }
}

/** Have all objects of a class tell their events. */
function told(holder, noted) {
  const { emit } = holder.prototype;
  holder.prototype.emit = function telling(event, ...args) {
    try {
      noted(this, event, args[0]);
    } catch {
      // What cannot be described is left out.
    }
    return emit.call(this, event, ...args);
  };
}

function listen() {
  told(net.Socket, (socket, event, error) => {
    if (event === 'connect') tell(`asks tcp://${socket.remoteAddress}:${socket.remotePort}`);
    if (event !== 'error' || !error) return;
    for (const each of error.errors || [error]) {
      if (each.port) tell(`asks tcp://${each.address}:${each.port}`);
      tell(String(each.message || error));
    }
  });
  told(http.ClientRequest, (request, event, what) => {
    const asks = `asks ${request.protocol}//${request.getHeader('host')}${request.path}`;
    if (event === 'response') tell(`${asks}\nHTTP/1.1 ${what.statusCode} ${what.statusMessage}`);
    if (event === 'timeout') tell(`${asks}\nthe request timed out`);
    if (event === 'error') tell(`${asks}\n${what && what.message}`);
  });
  const channel = require('diagnostics_channel'); // fetch
  const asks = ({ request }) => `asks ${request.origin}${request.path}`;
  const on = (name, said) => channel.channel(`undici:${name}`).subscribe(said);
  on('request:headers', (all) => tell(`${asks(all)}\nHTTP/1.1 ${all.response.statusCode} ${all.response.statusText}`));
  on('request:error', (all) => tell(`${asks(all)}\n${all.error.message}`));
}

try {
  fs.accessSync(RECORDS, fs.constants.W_OK);
  listen();
} catch {
  // Without its file it does nothing; fetch of an old Node tells nothing.
}
