"use strict";
// Feature phones that speak to the service's hooks exactly as Africa's Talking does.

const SESSION_SECONDS = 180; // how long the carrier keeps a USSD session
const PATIENCE_MS = 15000; // how long it waits for the service
const POLL_MS = 2000;
const ONE_PART = { gsm7: 160, ucs2: 70 }; // of an SMS; the budget of a USSD screen is the same
const EACH_OF_MANY = { gsm7: 153, ucs2: 67 };
const ALPHABET_NAME = { gsm7: "GSM-7", ucs2: "UCS-2" };
const MEMORY = "tiwizi.phones";

const table = document.getElementById("table");
const setup = JSON.parse(table.dataset.setup);
const texts = setup.texts;
const phones = new Set();
const SEPTETS = new Map([...setup.alphabet.basic].map((letter) => [letter, 1]));
for (const letter of setup.alphabet.extended) SEPTETS.set(letter, 2);

/** Length on the air, as service.messaging.segments counts it. */
function measure(text) {
  const letters = [...text];
  const septets = letters.map((letter) => SEPTETS.get(letter) ?? 0);
  const encoding = septets.includes(0) ? "ucs2" : "gsm7";
  const weights = encoding === "gsm7" ? septets : letters.map((letter) => letter.length);
  const units = weights.reduce((sum, weight) => sum + weight, 0);
  let parts = 1;
  let room = units > ONE_PART[encoding] ? EACH_OF_MANY[encoding] : units;
  for (const weight of weights) {
    if (weight > room) {
      parts += 1;
      room = EACH_OF_MANY[encoding];
    }
    room -= weight;
  }
  return { encoding, units, parts };
}

function lengthOnAir({ encoding, units, parts }) {
  return `${ALPHABET_NAME[encoding]} ${units} · ${parts} SMS`;
}

/** Random hexadecimal digits; crypto.randomUUID is missing where the page is not on HTTPS. */
function hex(bytes) {
  return [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The moment as `2017-05-03T06:04:45Z`. */
function moment() {
  return new Date().toISOString().replace(/\.\d+/, "");
}

/** Post to a hook; the answer's text, or an exception when the carrier would have none. */
async function post(hook, fields) {
  const answer = await fetch(`${setup.hooks}/${hook}`, {
    method: "POST",
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status !== 200) throw new Error(`the hook answered ${answer.status}`);
  return answer.text();
}

class Phone {
  constructor({ kind, number, seen = 0 }) {
    Object.assign(this, { kind, number, seen, session: null, received: new Map(), sent: [] });
    this.element = document.getElementById("phone").content.firstElementChild.cloneNode(true);
    this.element.classList.add(kind);
    const parts = [...this.element.querySelectorAll("[data-part]")];
    this.parts = Object.fromEntries(parts.map((part) => [part.dataset.part, part]));
    this.parts.name.textContent = setup.names[kind] ?? texts.other;
    this.parts.number.value = number;
    this.listen();
    this.become("idle", texts.idle);
    this.drafting();
    table.append(this.element);
  }

  listen() {
    const keys = {
      up: () => this.parts.text.scrollBy(0, -40), // two lines
      down: () => this.parts.text.scrollBy(0, 40),
      clear: () => this.edit("", 1),
      cancel: () => this.hangUp(),
      end: () => this.hangUp(),
      drop: () => this.drop(),
      remove: () => this.remove(),
    };
    this.element.addEventListener("click", ({ target }) => {
      const key = target.closest("[data-key], [data-digit]");
      if (key?.dataset.digit) this.press(key.dataset.digit);
      else if (key) keys[key.dataset.key]();
    });
    const body = this.element.querySelector(".body");
    // A key pressed with a finger or a mouse leaves the cursor where it was.
    body.addEventListener("mousedown", (event) => event.target.closest("button") && event.preventDefault());
    body.addEventListener("submit", (event) => this.pressPrimary(event));
    body.addEventListener("keydown", (event) => event.key === "Escape" && this.hangUp());
    this.parts.field.addEventListener("input", () => this.typing());
    this.parts.number.addEventListener("change", () => this.renumber());
    this.parts.draft.addEventListener("input", () => this.drafting());
    this.parts.draft.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      this.parts.write.requestSubmit();
    });
    this.parts.write.addEventListener("submit", (event) => this.sendSms(event));
    this.parts.tray.addEventListener("toggle", () => this.showInbox());
  }

  // --- the screen ---

  /** Put the phone in a mode: idle, waiting, asking, failed or over; `carried`: the text came from the service. */
  become(mode, text, carried = false) {
    const { field, primary, secondary, length } = this.parts;
    const typingHere = mode === "idle" || mode === "asking";
    const held = this.element.querySelector(".body").contains(document.activeElement);
    const { encoding, units } = measure(text);
    this.mode = this.element.dataset.mode = mode;
    this.parts.text.textContent = text;
    this.parts.text.scrollTop = 0;
    length.textContent = carried ? `${ALPHABET_NAME[encoding]} ${units}/${ONE_PART[encoding]}` : "";
    length.classList.toggle("over", units > ONE_PART[encoding]);
    field.hidden = !typingHere;
    field.value = "";
    field.placeholder = mode === "idle" ? setup.code : "";
    primary.textContent = { idle: texts.call, asking: texts.send, failed: texts.again, over: texts.ok }[mode] ?? "";
    primary.disabled = this.parts.green.disabled = mode === "waiting";
    secondary.textContent = { idle: texts.clear, over: "" }[mode] ?? texts.cancel;
    secondary.disabled = mode === "over";
    this.parts.drop.disabled = this.session === null;
    this.parts.number.disabled = this.session !== null;
    this.typing();
    this.tick();
    const next = typingHere ? field : mode === "waiting" ? this.parts.text : primary;
    if (held) next.focus({ preventScroll: true });
  }

  typing() {
    const { encoding, units } = measure(this.parts.field.value);
    this.parts.typed.textContent = units ? `✎ ${encoding === "gsm7" ? "" : "UCS-2 "}${units}/${ONE_PART[encoding]}` : "";
  }

  press(digit) {
    if (this.mode === "over") this.become("idle", texts.idle);
    if (!this.parts.field.hidden) this.edit(digit);
  }

  edit(text, before = 0) {
    const { selectionStart: start, selectionEnd: end } = this.parts.field;
    this.parts.field.setRangeText(text, start === end ? Math.max(0, start - before) : start, end, "end");
    this.typing();
  }

  // --- the USSD session ---

  pressPrimary(event) {
    event.preventDefault();
    const does = { idle: () => this.call(), asking: () => this.answer(), failed: () => this.turn(), over: () => this.become("idle", texts.idle) };
    does[this.mode]?.();
  }

  call() {
    const typed = this.parts.field.value.trim() || setup.code;
    const stem = `${setup.code.slice(0, -1)}*`; // *384*84*1# is a long dial: the first text comes with it
    const long = typed.startsWith(stem) && typed.endsWith("#");
    if (typed !== setup.code && !long) return this.become("over", `${texts.unknown_code} ${setup.code}`);
    const answers = long ? [typed.slice(stem.length, -1)] : [];
    this.session = { id: `ATUid_${hex(16)}`, answers, began: Date.now(), hops: 0, lastReply: "" };
    this.turn();
  }

  answer() {
    this.session.answers.push(this.parts.field.value);
    this.turn();
  }

  /** Send everything answered so far; after a failure the same again, which is how a carrier retries. */
  async turn() {
    const session = this.session;
    this.become("waiting", texts.waiting);
    const reply = await post("ussd", { ...this.sessionFields(session), text: session.answers.join("*") }).catch(() => "");
    if (session !== this.session) return; // dropped or hung up meanwhile: nobody reads it
    const [, word, text] = reply.match(/^(CON|END) ([^]*)$/) ?? [];
    session.hops += 1;
    session.lastReply = text ?? session.lastReply;
    if (word === "CON") this.become("asking", text, true);
    else if (word === "END") this.finish("Success", text, true);
    else this.become("failed", texts.no_answer);
  }

  sessionFields(session) {
    return { sessionId: session.id, phoneNumber: this.number, serviceCode: setup.code, networkCode: "99999" };
  }

  /** End the session and tell the service, which may be out of reach: then it never hears of it, as in life. */
  finish(status, text, carried = false) {
    const session = this.session;
    this.session = null;
    post("ussd-end", {
      ...this.sessionFields(session),
      date: moment().replace("T", " ").replace("Z", ""),
      status,
      cost: "0",
      durationInMillis: String(Date.now() - session.began),
      hopsCount: String(session.hops),
      input: session.answers.join("*"),
      lastAppResponse: session.lastReply,
      errorMessage: status === "Failed" ? "No valid answer from the application" : "",
    }).catch(() => {});
    this.become("over", text || texts.ended, carried);
  }

  hangUp() {
    if (this.session) this.finish(this.mode === "failed" ? "Failed" : "Incomplete", texts.ended);
    else this.become("idle", texts.idle);
  }

  drop() {
    this.finish("Incomplete", texts.dropped);
  }

  tick() {
    const left = this.session ? SESSION_SECONDS - Math.floor((Date.now() - this.session.began) / 1000) : 0;
    if (this.session && left <= 0) return this.finish("Incomplete", texts.timed_out);
    this.parts.timer.textContent = this.session ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` : "";
    this.parts.timer.classList.toggle("late", left > 0 && left <= 30);
  }

  // --- SMS ---

  async poll() {
    const number = this.number;
    const last = [...this.received.keys()].at(-1) ?? 0;
    const query = new URLSearchParams({ number, after: last });
    const messages = await fetch(`${setup.messages}?${query}`)
      .then((answer) => (answer.ok ? answer.json() : null))
      .catch(() => null);
    this.element.classList.toggle("no-network", messages === null);
    if (number !== this.number || !messages?.length) return;
    for (const message of messages) this.received.set(message.id, message);
    this.showInbox();
  }

  drafting() {
    this.parts.drafted.textContent = this.parts.draft.value ? lengthOnAir(measure(this.parts.draft.value)) : "";
    this.smsId = hex(16); // another text is another SMS
  }

  async sendSms(event) {
    event.preventDefault();
    const text = this.parts.draft.value;
    if (!text.trim()) return;
    const at = moment();
    const sms = { date: at, from: this.number, to: setup.smsNumber, id: this.smsId, linkId: this.smsId, text };
    const sent = await post("sms", sms).then(() => true, () => false);
    this.parts.trouble.textContent = sent ? "" : texts.not_sent;
    if (!sent) return;
    this.sent.push({ at, text, mine: true, ...measure(text) });
    this.parts.draft.value = "";
    this.drafting();
    this.showInbox();
  }

  showInbox() {
    const received = [...this.received.values()];
    const open = this.parts.tray.open;
    if (open && received.length) this.seen = received.at(-1).id;
    const unread = received.length - 1 - received.findIndex((message) => message.id === this.seen);
    this.parts.badge.hidden = this.parts.envelope.hidden = !unread;
    this.parts.badge.textContent = unread;
    const all = [...received, ...this.sent].sort((one, other) => new Date(one.at) - new Date(other.at));
    this.parts.inbox.replaceChildren(...all.map(bubble));
    this.parts.empty.hidden = all.length > 0;
    this.parts.inbox.scrollTop = this.parts.inbox.scrollHeight;
    remember();
  }

  // --- the table ---

  renumber() {
    const typed = this.parts.number.value.replace(/[^+\d]/g, "");
    if (/^\+[1-9]\d{6,14}$/.test(typed) && typed !== this.number) {
      Object.assign(this, { number: typed, seen: 0, sent: [] });
      this.received.clear();
      this.showInbox();
      this.poll();
    }
    this.parts.number.value = this.number;
  }

  remove() {
    if (this.session) this.drop();
    phones.delete(this);
    this.element.remove();
    remember();
  }
}

function bubble({ text, at, mine, ...length }) {
  const item = document.createElement("li");
  const words = document.createElement("p");
  const small = document.createElement("small");
  item.className = mine ? "mine" : "theirs";
  words.dir = "auto";
  words.textContent = text;
  small.dir = "ltr";
  small.textContent = `${new Date(at).toTimeString().slice(0, 5)} · ${lengthOnAir(length)}`;
  item.append(words, small);
  return item;
}

function put(memory) {
  const phone = new Phone(memory);
  phones.add(phone);
  phone.poll();
  return phone.element;
}

function remember() {
  localStorage.setItem(MEMORY, JSON.stringify([...phones].map(({ kind, number, seen }) => ({ kind, number, seen }))));
  document.getElementById("none").hidden = phones.size > 0;
}

/** A number nobody at the table has yet, beginning with the preset's. */
function freeNumber(kind) {
  const taken = new Set([...phones].map((phone) => phone.number));
  let number = BigInt(setup.presets[kind] ?? "+212600000003");
  while (taken.has(`+${number}`)) number += 1n;
  return `+${number}`;
}

function everyPhone(act) {
  if (document.visibilityState === "visible") phones.forEach(act);
}

const usual = ["secretary", "officer", "france"].map((kind) => ({ kind, number: setup.presets[kind] }));
(JSON.parse(localStorage.getItem(MEMORY)) ?? usual).forEach(put);
remember();
document.querySelectorAll("[data-add]").forEach((button) =>
  button.addEventListener("click", () => {
    const kind = button.dataset.add;
    put({ kind, number: freeNumber(kind) }).scrollIntoView({ behavior: "smooth", block: "nearest" });
    remember();
  }),
);
setInterval(() => everyPhone((phone) => phone.poll()), POLL_MS);
document.addEventListener("visibilitychange", () => everyPhone((phone) => phone.poll()));
setInterval(() => phones.forEach((phone) => phone.tick()), 1000);
