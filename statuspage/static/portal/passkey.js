// Asks the browser for a passkey and sends its answer with the form around it.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button[type=submit]");
  const reads = globalThis.PublicKeyCredential?.parseCreationOptionsFromJSON;
  if (!reads) continue;
  button.hidden = false;
  form.querySelector("[data-none]")?.remove();
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    const problem = form.querySelector("[data-problem]");
    problem.hidden = true;
    const options = JSON.parse(form.dataset.options);
    try {
      const made =
        form.dataset.passkey === "create"
          ? await navigator.credentials.create({
              publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
            })
          : await navigator.credentials.get({
              publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
            });
      form.elements.answer.value = JSON.stringify(made.toJSON());
      form.requestSubmit();
    } catch (error) {
      problem.textContent = `The browser gave no passkey (${error.name}). Try again.`;
      problem.hidden = false;
      problem.focus?.();
    }
  });
}
