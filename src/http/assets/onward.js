// Follows the link marked `data-onward` as soon as everything on the page has loaded, frames included. Without script the
// page goes on by itself after a few seconds.
addEventListener("load", () => {
  const link = document.querySelector("a[data-onward]");
  if (link) location.replace(link.href);
});
