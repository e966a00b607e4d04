//! Factur-X and `ZUGFeRD`: the invoice as XML within the PDF (Factur-X 1.07, 6.2: PDF/A-3).

use lopdf::{Document, Object};
use serde::{Deserialize, Serialize};

/// What the XML follows, from its guideline (BT-24).
const PROFILES: [(&str, &str); 6] = [
    ("xrechnung", "XRECHNUNG"),
    ("minimum", "MINIMUM"),
    ("basicwl", "BASIC WL"),
    ("basic", "BASIC"),
    ("extended", "EXTENDED"),
    ("urn:cen.eu:en16931:2017", "EN 16931"),
];

const NAMESPACE: &str = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";
/// The guideline stands at the beginning.
const GUIDELINE_CHARS_MAX: usize = 300;

/// An invoice's profile, as the PDF's metadata name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile(String);

impl Profile {
    /// From the XML.
    ///
    /// # Errors
    /// Why it is no such invoice.
    pub(crate) fn of(xml: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(xml).map_err(|_invalid| "is no UTF-8 text")?;
        if !text.contains("CrossIndustryInvoice") {
            return Err("is no CrossIndustryInvoice (UN/CEFACT CII)");
        }
        let (_, rest) = text
            .split_once("GuidelineSpecifiedDocumentContextParameter>")
            .ok_or("names no guideline (BT-24)")?;
        let rest: String = rest.chars().take(GUIDELINE_CHARS_MAX).collect();
        let guideline = rest.split("ID>").nth(1).and_then(|it| it.split('<').next());
        let guideline = guideline.unwrap_or_default().to_ascii_lowercase();
        let known = PROFILES.iter().find(|(part, _)| guideline.contains(part));
        known.map(|(_, name)| Self((*name).to_owned())).ok_or("names a guideline that is not known")
    }

    /// The name of the file within the PDF.
    pub(crate) fn file_name(&self) -> &'static str {
        if self.0 == "XRECHNUNG" { "xrechnung.xml" } else { "factur-x.xml" }
    }

    /// What the XML is to the PDF: the lower profiles are no full invoice.
    pub(crate) fn relationship(&self) -> &'static str {
        if matches!(self.0.as_str(), "MINIMUM" | "BASIC WL") { "data" } else { "alternative" }
    }

    /// The PDF with what its metadata have to say about the invoice.
    ///
    /// # Errors
    /// What the library says; the PDF is our own.
    pub(crate) fn told_in(&self, pdf: &[u8]) -> Result<Vec<u8>, String> {
        let told = |error: &dyn ToString| {
            format!("`invoiceXml`: the metadata cannot be written: {}", error.to_string())
        };
        let mut document = Document::load_mem(pdf).map_err(|error| told(&error))?;
        let id = document.catalog().and_then(|it| it.get(b"Metadata")?.as_reference());
        let metadata = id.and_then(|id| document.get_object_mut(id));
        let Object::Stream(metadata) = metadata.map_err(|error| told(&error))? else {
            return Err(told(&"there are none"));
        };
        let xmp = String::from_utf8_lossy(&metadata.content).into_owned();
        let xmp = self.added(&xmp).ok_or_else(|| told(&"they have no end"))?;
        metadata.set_plain_content(xmp.into_bytes());
        let mut bytes = Vec::with_capacity(pdf.len() + 4096);
        document.save_to(&mut bytes).map_err(|error| told(&error))?;
        Ok(bytes)
    }

    fn added(&self, xmp: &str) -> Option<String> {
        let (before, after) = xmp.rsplit_once("</rdf:RDF>")?;
        let Self(level) = self;
        let file = self.file_name();
        let own = format!(
            "<rdf:Description rdf:about=\"\" xmlns:fx=\"{NAMESPACE}\">\
             <fx:DocumentType>INVOICE</fx:DocumentType>\
             <fx:DocumentFileName>{file}</fx:DocumentFileName>\
             <fx:Version>1.0</fx:Version>\
             <fx:ConformanceLevel>{level}</fx:ConformanceLevel>\
             </rdf:Description>"
        );
        // One property must not stand there twice.
        let described = match before.split_once("<pdfaExtension:schemas><rdf:Bag>") {
            Some((start, end)) => {
                format!("{start}<pdfaExtension:schemas><rdf:Bag>{}{end}", schema())
            }
            None => format!(
                "{before}<rdf:Description rdf:about=\"\" \
                 xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" \
                 xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" \
                 xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\">\
                 <pdfaExtension:schemas><rdf:Bag>{}</rdf:Bag></pdfaExtension:schemas>\
                 </rdf:Description>",
                schema()
            ),
        };
        Some(format!("{described}{own}</rdf:RDF>{after}"))
    }
}

/// The description of our properties that PDF/A wants for properties that are not its own (ISO 19005-3, 6.6.2.3.3).
fn schema() -> String {
    let property = |(name, description): (&str, &str)| {
        format!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaProperty:name>{name}</pdfaProperty:name>\
             <pdfaProperty:valueType>Text</pdfaProperty:valueType>\
             <pdfaProperty:category>external</pdfaProperty:category>\
             <pdfaProperty:description>{description}</pdfaProperty:description></rdf:li>"
        )
    };
    let properties = [
        ("DocumentFileName", "name of the embedded XML invoice file"),
        ("DocumentType", "INVOICE"),
        ("Version", "version of the XML schema"),
        ("ConformanceLevel", "profile of the XML invoice"),
    ];
    let properties: String = properties.into_iter().map(property).collect();
    format!(
        "<rdf:li rdf:parseType=\"Resource\">\
         <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>\
         <pdfaSchema:namespaceURI>{NAMESPACE}</pdfaSchema:namespaceURI>\
         <pdfaSchema:prefix>fx</pdfaSchema:prefix>\
         <pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(guideline: &str) -> String {
        format!(
            "<rsm:CrossIndustryInvoice><rsm:ExchangedDocumentContext>\
             <ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{guideline}</ram:ID>\
             </ram:GuidelineSpecifiedDocumentContextParameter>"
        )
    }

    #[test]
    fn what_is_no_invoice_is_told() {
        let check = |xml: &[u8], expected: &str| assert_eq!(Profile::of(xml), Err(expected));
        check(b"\xff", "is no UTF-8 text");
        check(b"<Invoice xmlns='urn:oasis'/>", "is no CrossIndustryInvoice (UN/CEFACT CII)");
        check(b"<rsm:CrossIndustryInvoice/>", "names no guideline (BT-24)");
        check(invoice("urn:example").as_bytes(), "names a guideline that is not known");
    }

    #[test]
    fn the_guideline_tells_the_profile() {
        let check = |guideline: &str, expected: &str, file: &str, relationship: &str| {
            let profile = Profile::of(invoice(guideline).as_bytes()).unwrap();
            let told = (profile.0.as_str(), profile.file_name(), profile.relationship());
            assert_eq!(told, (expected, file, relationship), "{guideline}");
        };
        check("urn:cen.eu:en16931:2017", "EN 16931", "factur-x.xml", "alternative");
        check("urn:factur-x.eu:1p0:minimum", "MINIMUM", "factur-x.xml", "data");
        check("urn:factur-x.eu:1p0:basicwl", "BASIC WL", "factur-x.xml", "data");
        check(
            "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic",
            "BASIC",
            "factur-x.xml",
            "alternative",
        );
        check(
            "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
            "EXTENDED",
            "factur-x.xml",
            "alternative",
        );
        check(
            "urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
            "XRECHNUNG",
            "xrechnung.xml",
            "alternative",
        );
    }
}
