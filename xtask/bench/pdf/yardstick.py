"""The same invoice by WeasyPrint: `yardstick.py FOLDER N FIRST` prints the processor seconds of N documents as JSON.

Every document has data of its own, as ours have.
"""

import html
import json
import pathlib
import sys
import time

import weasyprint
from weasyprint.text.fonts import FontConfiguration

STYLE = """
@page { size: A4; margin: 28mm 18mm 22mm; @top-left { content: element(head) }
  @bottom-left { content: "Acme Ltd · VAT DE123456789"; font-size: 8pt; color: #666 }
  @bottom-right { content: "Page " counter(page) " of " counter(pages); font-size: 8pt; color: #666 } }
body { font: 9.5pt "Noto Sans", "Noto Sans Arabic", "Noto Sans Devanagari", sans-serif; margin: 0 }
.head { position: running(head); width: 174mm; font-size: 8pt; color: #1e3c8c; border-bottom: .5pt solid #1e3c8c }
.top { display: flex; justify-content: space-between }
.box { width: 70mm; padding: 8px 12px; background: #f2f5fb; border: 1px solid #c5d0e8; border-radius: 6px }
h1 { font-size: 20pt; color: #1e3c8c }
table { width: 100%; border-collapse: collapse }
th { padding: 4px 6px; text-align: left; color: #fff; background: #1e3c8c }
td { padding: 4px 6px; vertical-align: top; border-bottom: .5pt solid #ccc }
tbody tr:nth-child(even) td { background: #f7f7f7 }
tr { break-inside: avoid }
.number { text-align: right }
.totals { width: 75mm; margin: 5mm 0 0 auto }
.note { margin-top: 8mm; padding: 6px 10px; border-left: 3pt solid #e63c3c; background: #fff5f5 }
.mark { position: fixed; top: 110mm; left: 20mm; font: bold 80pt sans-serif; color: rgba(200, 0, 0, .12);
  transform: rotate(-30deg) }
"""


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
    items = [item | {"total": f"{number * 7 % 1000}.{index:02}"} for index, item in enumerate(data["items"])]
    return data | {"number": f"2026-{number:05}", "items": items}


folder, count, first = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
data = json.loads((folder / "data.json").read_text())
fonts = FontConfiguration()
seconds = []
for number in range(first, first + count + 1):
    begun = time.process_time()
    pdf = weasyprint.HTML(string=page(changed(data, number)), base_url=str(folder)).write_pdf(font_config=fonts)
    seconds.append(time.process_time() - begun)
    assert pdf.startswith(b"%PDF")
# The first one has loaded the fonts.
print(json.dumps(seconds[1:]))
