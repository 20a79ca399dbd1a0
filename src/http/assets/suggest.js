// Proposals under a text field: an editable combobox with a list (WAI-ARIA 1.2, combobox). The field says what it wants:
//
//   <div class="suggest"><label for="x">…</label>
//     <input id="x" name="x" data-suggest="/address" data-suggest-some="Proposals: #" data-suggest-none="…"></div>
//
// The address answers `?q=…` with JSON, [{"text": what goes into the field, "label": what is shown}, …]. Down and Up go
// through the list, Enter takes the one that is marked and otherwise sends the form, Escape closes, Tab takes what is
// marked and goes on. Without script the field is a text field, and the server asks back where a text means several.
"use strict";

(() => {
  const SHORTEST = 2;
  const PAUSE = 120;

  const attach = (input) => {
    const list = document.createElement("ul");
    list.id = `${input.id}-list`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", input.labels[0] ? input.labels[0].textContent : "");
    const status = document.createElement("span");
    status.className = "only-read";
    status.setAttribute("role", "status");
    input.after(list, status);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    })) input.setAttribute(name, value);

    let marked = -1;
    let asked = new AbortController();
    let timer = 0;

    const mark = (at) => {
      marked = at;
      [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
      const option = list.children[at];
      if (option) {
        input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else {
        input.removeAttribute("aria-activedescendant");
      }
    };

    const open = (shown) => {
      list.hidden = !shown;
      input.setAttribute("aria-expanded", String(shown));
      mark(-1);
    };

    const close = () => {
      clearTimeout(timer);
      asked.abort();
      open(false);
    };

    const take = (option) => {
      input.value = option.dataset.text;
      close();
      status.textContent = "";
    };

    const show = (found) => {
      list.replaceChildren(...found.map(({ text, label }, index) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${index}`;
        option.dataset.text = text;
        option.textContent = label;
        option.setAttribute("role", "option");
        return option;
      }));
      open(found.length > 0);
      status.textContent = found.length ? input.dataset.suggestSome.replace("#", found.length) : input.dataset.suggestNone;
    };

    const ask = async () => {
      asked.abort();
      asked = new AbortController();
      const address = `${input.dataset.suggest}?${new URLSearchParams({ q: input.value })}`;
      try {
        const answer = await fetch(address, { headers: { Accept: "application/json" }, signal: asked.signal });
        if (answer.ok) show(await answer.json());
      } catch {
        // Too late, or no answer: the field goes on as a text field.
      }
    };

    input.addEventListener("input", () => {
      close();
      if (input.value.trim().length >= SHORTEST) timer = setTimeout(ask, PAUSE);
    });

    input.addEventListener("keydown", (event) => {
      const count = list.children.length;
      const option = list.hidden ? undefined : list.children[marked];
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count > 0) {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        const next = marked < 0 && step < 0 ? count - 1 : (marked + step + count) % count;
        if (list.hidden) open(true);
        mark(next);
      } else if (event.key === "Enter" && option) {
        event.preventDefault();
        take(option);
      } else if (event.key === "Tab" && option) {
        take(option);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      }
    });

    // Before the field loses the focus, so that the list is still there.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target.closest("[role=option]");
      if (option) take(option);
    });

    input.addEventListener("blur", close);
  };

  document.querySelectorAll("input[data-suggest]").forEach(attach);
})();
