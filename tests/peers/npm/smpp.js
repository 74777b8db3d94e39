// An SMS centre on npm's smpp. Orders come as lines of JSON on standard input, what happens goes out the same way.
"use strict";
const readline = require("readline");
const smpp = require("smpp");

const tell = (event, facts = {}) => process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
smpp.filters.time.decode = (value) => value; // as it was sent, not as a moment that depends on now
let session = null;
let deaf = false; // does not answer enquire_link
let refusal = 0; // the status that the next binds get
const plan = []; // what is done with each coming submit: a status, "stall", "late", "reset", "early"; then accepted
const late = []; // what says so of those that were accepted late
let carried = 0;

// What smpp has decoded is a text; what it has not, octets.
const read = (message) => (Buffer.isBuffer(message) ? { hex: message.toString("hex") } : { text: message });

const answer = (from, pdu, id) => {
  const mood = plan.shift();
  const facts = { message_id: id };
  if (typeof mood === "number") return from.send(pdu.response({ command_status: mood }));
  if (mood === "stall") return undefined;
  if (mood === "late") return late.push(() => from.send(pdu.response(facts)));
  if (mood === "reset") return from.socket.resetAndDestroy();
  if (mood !== "early") return from.send(pdu.response(facts));
  const receipt = {
    esm_class: 4,
    source_addr: pdu.destination_addr,
    source_addr_ton: 1,
    destination_addr: pdu.source_addr,
    short_message: `id:${id} sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000 text:x`,
  };
  return from.deliver_sm(receipt, () => from.send(pdu.response(facts)));
};

const server = smpp.createServer((from) => {
  from.on("error", () => from.destroy());
  from.on("close", () => {
    if (session === from) session = null;
    tell("closed");
  });
  from.on("bind_transceiver", (pdu) => {
    from.send(pdu.response({ command_status: refusal }));
    if (refusal) return tell("refused");
    session = from;
    return tell("bound", { system_id: pdu.system_id, password: pdu.password, system_type: pdu.system_type });
  });
  from.on("submit_sm", (pdu) => {
    carried += 1;
    const id = `npm-${carried}`;
    const sent = pdu.short_message.udh || pdu.short_message.message.length ? pdu.short_message : pdu.message_payload;
    tell("submitted", {
      message_id: id,
      service_type: pdu.service_type,
      source: pdu.source_addr,
      destination: pdu.destination_addr,
      ton: pdu.dest_addr_ton,
      coding: pdu.data_coding,
      esm_class: pdu.esm_class,
      receipt: pdu.registered_delivery,
      validity: pdu.validity_period,
      udh: sent.udh ? Buffer.concat(sent.udh).toString("hex") : "",
      ...read(sent.message),
      op: pdu.ussd_service_op === undefined ? null : pdu.ussd_service_op,
      info: pdu.its_session_info === undefined ? null : Buffer.from(pdu.its_session_info).toString("hex"),
    });
    answer(from, pdu, id);
  });
  from.on("enquire_link", (pdu) => {
    tell("enquired");
    if (!deaf) from.send(pdu.response());
  });
  // What answers something that was sent as raw octets.
  from.on("pdu", (pdu) => {
    if (pdu.isResponse() && pdu.sequence_number >= 99) tell("responded", { command: pdu.command, status: pdu.command_status });
  });
  from.on("unbind", (pdu) => {
    tell("unbound");
    from.send(pdu.response(), () => from.close());
  });
});

const ORDERS = {
  nothing: () => {}, // when this is done, all that happened before was told
  plan: ({ moods }) => plan.push(...moods),
  answer: () => late.splice(0).forEach((say) => say()),
  deaf: ({ on }) => { deaf = on; },
  refuse: ({ status }) => { refusal = status; },
  drop: () => session.socket.resetAndDestroy(),
  raw: ({ hex }) => session.socket.write(Buffer.from(hex, "hex")),
  unbind: () => session.unbind(),
  enquire: () => session.enquire_link((pdu) => tell("enquire_answered", { status: pdu.command_status })),
  deliver: ({ number, pdu }) => {
    const { hex, info, ...fields } = pdu;
    if (hex !== undefined) fields.short_message = Buffer.from(hex, "hex");
    if (info) fields.its_session_info = Buffer.from(info, "hex");
    session.deliver_sm(fields, (response) => tell("answered", { number, status: response.command_status }));
  },
};

server.on("error", (error) => { throw error; });
server.listen(Number(process.argv[2]), "127.0.0.1", () => tell("listening", { port: server.address().port }));
readline.createInterface({ input: process.stdin })
  .on("line", (line) => {
    const { order, ...facts } = JSON.parse(line);
    ORDERS[order](facts);
    tell("done");
  })
  .on("close", () => process.exit(0));
