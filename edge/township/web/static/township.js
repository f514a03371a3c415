// The township's own behaviour: the question before a village is spoken to.

// --- the question before a village is spoken to -------------------------------------------------
document.addEventListener("click", ({ target }) => {
  const closer = target.closest?.("[data-closes]");
  if (closer) document.getElementById(closer.dataset.closes).close();
  const asker = target.closest?.("[data-confirms]");
  if (!asker || !asker.form.reportValidity()) return;
  const dialog = document.getElementById(asker.dataset.confirms);
  const form = asker.form;
  const shown = {
    hub: form.elements.hub.selectedOptions[0].textContent,
    text: form.elements.text.value,
    priority: form.querySelector("[name=priority]:checked").closest("label").textContent.trim(),
  };
  for (const place of dialog.querySelectorAll("[data-preview]")) {
    place.textContent = shown[place.dataset.preview];
  }
  dialog.showModal();
});
