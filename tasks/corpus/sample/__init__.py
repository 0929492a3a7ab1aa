"""The bundled sample corpora and the small grammar that writes them."""
