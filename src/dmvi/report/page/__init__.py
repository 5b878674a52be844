"""A study as one HTML page. `contents` reads what there is, `pictures` makes it small, `write` fills the
template; page.html, page.css and page.js are the template, without a framework and without a request
to any network."""
