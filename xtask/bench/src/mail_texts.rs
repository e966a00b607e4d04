//! The mail that is sent: about 2.4 kB with its headers.

pub(crate) const SUBJECT: &str = "Your order 4711 – thank you";

pub(crate) const TEXT: &str = "Dear Ada,\n\nthank you for your order 4711. It will be with you on Monday.\n\n\
    3 x Analytical engine, small      1999.90\n1 x Punched cards, box of 1000      24.50\n\
    1 x Difference engine, used        899.00\n1 x Gearwheel oil, 1 l              12.00\n\n\
    Shipping address: Ada Lovelace, 12 St James's Square, London\n\n\
    If anything is missing or broken, answer this mail. We are glad to help.\n\n\
    Kind regards\nYour shop\n\nThe Shop, 1 Dorset Street, London; registered there under 1842.\n";

pub(crate) const HTML: &str = "<html><body><p>Dear Ada,</p>\n<p>thank you for your order <b>4711</b>. It will be with you on Monday.</p>\n\
    <table>\n<tr><td>3 x</td><td>Analytical engine, small</td><td align=\"right\">1999.90</td></tr>\n\
    <tr><td>1 x</td><td>Punched cards, box of 1000</td><td align=\"right\">24.50</td></tr>\n\
    <tr><td>1 x</td><td>Difference engine, used</td><td align=\"right\">899.00</td></tr>\n\
    <tr><td>1 x</td><td>Gearwheel oil, 1 l</td><td align=\"right\">12.00</td></tr>\n</table>\n\
    <p>Shipping address: Ada Lovelace, 12 St James's Square, London</p>\n\
    <p>If anything is missing or broken, answer this mail. We are glad to help.</p>\n\
    <p>Kind regards<br>Your shop</p>\n<p><small>The Shop, 1 Dorset Street, London; registered there under 1842.</small></p>\n</body></html>\n";
