// Sends a form marked `data-submit-at-once` as soon as the page is there. Without script its button does.
for (const form of document.querySelectorAll("form[data-submit-at-once]")) form.submit();
