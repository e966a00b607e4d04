"""The same invoice by WeasyPrint: `yardstick.py FOLDER N FIRST` prints the processor seconds of N documents as JSON.

Every document has data of its own, as ours have: every cell of the table, so that no layout of one is of use to the next.
"""

import html
import json
import pathlib
import sys
import time

import weasyprint
from weasyprint.text.fonts import FontConfiguration

FOLDER, COUNT, FIRST = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
# The very style of our template.
STYLE = (FOLDER / "invoice.html").read_text().split("<style>")[1].split("</style>")[0]


def page(data):
    def text(value):
        return html.escape(str(value))

    def row(names, values):
        cells = (f'<td class="{name}">{text(value)}</td>' for name, value in zip(names, values))
        return f"<tr>{''.join(cells)}</tr>"

    wide = ["", "", "", "number", "number", "number"]
    fields = ["no", "sku", "name", "qty", "price", "total"]
    rows = "".join(row(wide, [item[field] for field in fields]) for item in data["items"])
    sums = [("Subtotal", data["subtotal"]), ("VAT 19 %", data["vat"]), ("Total €", data["grand"])]
    totals = "".join(row(["", "number"], pair) for pair in sums)
    heads = "".join(f"<th>{name}</th>" for name in ["#", "SKU", "Description", "Qty", "Price €", "Total €"])
    customer = data["customer"]
    address = "<br>".join(text(customer[it]) for it in ["name", "street", "city", "country"])
    number = text(data["number"])
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Invoice {number}</title><style>{STYLE}</style>
<div class="head">Invoice {number} — {text(customer["name"])}</div><div class="mark">DRAFT</div>
<div class="top"><img src="logo.png" width="180" alt=""><div class="box"><b>Bill to</b><br>{address}</div></div>
<h1>Invoice {number}</h1><p>Date: {text(data["date"])} Due: <b>{text(data["due"])}</b>
<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>
<table class="totals">{totals}</table><div class="note">{text(data["note"])}</div></html>"""


def changed(data, number):
    def row(index, item):
        return item | {
            "sku": f"{item['sku']}-{number}",
            "name": f"{item['name']} {number}",
            "qty": (number + index) % 90 + 1,
            "price": f"{(number * 3 + index) % 1000}.{index:02}",
            "total": f"{(number * 7 + index) % 1000}.{index:02}",
        }

    texts = {name: f"{data[name]} {number}" for name in ["note", "grand", "vat", "subtotal"]}
    customer = {name: f"{value} {number}" for name, value in data["customer"].items()}
    items = [row(index, item) for index, item in enumerate(data["items"])]
    return data | texts | {"number": f"2026-{number:05}", "customer": customer, "items": items}


data = json.loads((FOLDER / "data.json").read_text())
fonts = FontConfiguration()
seconds = []
for number in range(FIRST, FIRST + COUNT + 1):
    begun = time.process_time()
    pdf = weasyprint.HTML(string=page(changed(data, number)), base_url=str(FOLDER)).write_pdf(font_config=fonts)
    seconds.append(time.process_time() - begun)
    assert pdf.startswith(b"%PDF")
# The first one has loaded the fonts.
print(json.dumps(seconds[1:]))
