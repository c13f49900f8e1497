// SPDX-License-Identifier: MIT
// hepjs.js PORTFILE [ADDRESS]: receives HEP version 3 on a free UDP port, whose number goes to PORTFILE, and prints what hep-js says of
// each datagram: time, src, sport, dst, dport, proto, capture_id, corr, node, key, type and bytes as records.py has them, and chunk 0x100
// of vendor 9, tabs between.
// hep-js knows no IPv6 addresses: they are empty. Ends by itself after a minute, when the test is gone.
'use strict';
const dgram = require('dgram');
const fs = require('fs');
const hepjs = require(require.resolve('hep-js', { paths: [__dirname + '/../../build/npm'] }));

const [portfile, address = '127.0.0.1'] = process.argv.slice(2);
hepjs.addVendorExtensions({ 9: { 0x100: { keyName: 'ours' } } });
const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');

function line(datagram) {
  const hep = hepjs.decapsulate(datagram);
  if (!hep) return 'not decoded';
  const r = hep.rcinfo;
  return [
    r.timeSeconds * 1000000 + r.timeUseconds, r.srcIp, r.srcPort, r.dstIp, r.dstPort, r.protocol, r.captureId, r.correlation_id,
    r.hepNodeName, r.capturePass, r.payloadType, Buffer.from(hep.payload).toString('hex'), r.ours,
  ].join('\t');
}

socket.on('message', (datagram) => fs.writeSync(1, line(datagram) + '\n'));
socket.bind(0, address, () => {
  socket.setRecvBufferSize(4 << 20);
  fs.writeFileSync(portfile + '.new', String(socket.address().port));
  fs.renameSync(portfile + '.new', portfile);
});
setTimeout(() => process.exit(1), 60000).unref();
