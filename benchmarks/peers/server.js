// The need's dialogue on a USSD library of npm, as its README shows it: one menu, served by express.
// usage: node server.js ussd-builder|ussd-menu-builder [milliseconds that the session store takes]
"use strict";
const express = require("express");

const UssdMenu = require(process.argv[2]);
const delay = Number(process.argv[3] || 0);

// The session store: in memory, and a promise that is kept later when it stands for one over a network.
const sessions = new Map();
const later = (value) =>
  delay ? new Promise((resolve) => setTimeout(resolve, delay, value)) : Promise.resolve(value);
const menu = new UssdMenu();
menu.sessionConfig({
  start: (id) => later(sessions.has(id) || sessions.set(id, {})),
  get: (id, key) => later(sessions.get(id)[key]),
  set: (id, key, value) => later((sessions.get(id)[key] = value)),
  end: (id) => later(sessions.delete(id)),
});

const SECTORS = ["Eau potable", "Irrigation", "Assainissement", "Pistes", "Electricite", "Ecole", "Sante"];
const KEYS = "0 Retour  00 Menu";
const listed = (words) => words.map((word, place) => `${place + 1} ${word}`).join("\n");

menu.startState({
  run: () => menu.con(`Tiwizi\n${listed(["Signaler un besoin", "Mes besoins", "Langue"])}\n0 Aide`),
  next: { 1: "sector" },
});
menu.state("sector", {
  run: () => menu.con(`Quel besoin ?\n${listed(SECTORS)}\n${KEYS}`),
  next: { "*^[1-7]$": "households" },
});

// Each question keeps the answer to the one before it.
const question = (name, kept, text, next) =>
  menu.state(name, {
    run: async () => {
      await menu.session.set(kept, menu.val);
      menu.con(`${text}\n${KEYS}`);
    },
    next,
  });
question("households", "sector", "Combien de foyers sont concernes ? Ex. 84", { "*^\\d+$": "cost" });
question("cost", "households", "Cout total en dirhams ? Ex. 320000", { "*^\\d+$": "share" });
question("share", "cost", "Part du village en dirhams ? Ex. 60000", { "*^\\d+$": "title" });
question("title", "share", "Un titre court ? Ex. Puits du bas", { "*\\S": "review" });
menu.state("review", {
  run: async () => {
    const title = menu.val;
    const { session } = menu;
    const sector = SECTORS[(await session.get("sector")) - 1];
    const households = await session.get("households");
    const cost = await session.get("cost");
    const share = await session.get("share");
    menu.con(`${sector}, ${households} foyers\n${cost} DH, village ${share} DH\n"${title}"\n1 Envoyer\n2 Corriger\n${KEYS}`);
  },
  next: { 1: "saved" },
});
menu.state("saved", { run: () => menu.end("Recu. Un coordinateur verifie sous 3 jours.") });

const app = express();
app.get("/readyz", (request, response) => response.json({ status: "ready" }));
app.post(/.*/, express.urlencoded({ extended: false }), async (request, response) => {
  response.type("text/plain").send(await menu.run(request.body));
});
app.listen(process.env.TIWIZI_PORT, "127.0.0.1");
