// Says, while a text is typed, what it takes and costs. The server counts, as it does when it sends.
for (const field of document.querySelectorAll("textarea[data-measure]")) {
  const said = document.getElementById(field.getAttribute("aria-describedby"));
  let waiting;
  const ask = async () => {
    const form = new FormData();
    form.set("csrf_token", field.form.elements.csrf_token.value);
    form.set("text", field.value);
    form.set("language", field.dataset.language || "");
    form.set("conversation", field.dataset.conversation || "");
    const typed = field.value;
    try {
      const answer = await fetch(field.dataset.measure, { method: "POST", body: form });
      if (answer.ok && typed === field.value) said.textContent = await answer.text();
    } catch {
      // Away from the network nothing is said; the form still shows it before it sends.
    }
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 250);
  };
  field.addEventListener("input", soon);
  if (field.value) soon();
}
for (const button of document.querySelectorAll("[data-scripted]")) button.hidden = false;
