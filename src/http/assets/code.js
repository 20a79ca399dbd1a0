// The QR code of an activation sheet leads to …/activate#CODE. What stands behind # never leaves the browser: it is put
// into the form here, and taken out of the address so that it stays in no history.
"use strict";

(() => {
  const field = document.getElementById("code");
  const code = decodeURIComponent(location.hash.slice(1));
  if (!field || !/^[0-9A-Za-z -]{10,60}$/.test(code)) return;
  field.value = code;
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("continue").focus();
})();
