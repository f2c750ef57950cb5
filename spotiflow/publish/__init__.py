"""From a tested build to the site: gate, published file, site, documentation."""
