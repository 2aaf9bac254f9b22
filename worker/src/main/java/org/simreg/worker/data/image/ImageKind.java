package org.simreg.worker.data.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The format of an image file, by its first bytes; the file's name plays no role. */
enum ImageKind {
    JPEG("JPEG"),
    PNG("PNG"),
    WEBP("WebP"),
    GIF("GIF"),
    BMP("BMP"),
    PNM("PPM"),
    ICO("ICO"),
    TIFF("TIFF");

    private static final int START = 16;

    /** The name that people know. */
    final String title;

    ImageKind(String title) {
        this.title = title;
    }

    /**
     * The format of a file.
     *
     * @throws ImageDecoder.UnreadableImage if it is none that is read; the message names the one that it is
     */
    static ImageKind of(ByteBuffer file) throws ImageDecoder.UnreadableImage {
        if (file.limit() == 0) {
            throw new ImageDecoder.UnreadableImage("the file is empty");
        }
        byte[] bytes = new byte[START];
        file.get(0, bytes, 0, Math.min(START, file.limit()));
        String start = new String(bytes, StandardCharsets.ISO_8859_1);
        if (start.startsWith("\u00ff\u00d8\u00ff")) {
            return JPEG;
        } else if (start.startsWith("\u0089PNG\r\n\u001a\n")) {
            return PNG;
        } else if (start.startsWith("GIF87a") || start.startsWith("GIF89a")) {
            return GIF;
        } else if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
            return WEBP;
        } else if (start.startsWith("BM")) {
            return BMP;
        } else if (start.matches("(?s)P[1-6f].*")) {
            return PNM;
        } else if (start.matches("(?s)(MM\0[*+]|II[*+]\0|MM[*]\0|II\0[*]).*")) {
            return TIFF;
        } else if (start.startsWith("\0\0\1\0")) {
            return ICO;
        }
        String picture = picture(start);
        if (picture != null) {
            throw new ImageDecoder.UnreadableImage(
                    "the content is %s, which isn't read; turn such files into PNG, as `magick mogrify -format png FILES` does"
                            .formatted(picture));
        }
        throw new ImageDecoder.UnreadableImage(
                "the content is " + other(start) + ", and no JPEG, PNG, WebP, GIF, BMP, PPM or TIFF image");
    }

    /** The name of a format of pictures that programs turn into others; null if it is none. */
    private static String picture(String start) {
        if (start.startsWith("ftyp", 4)) {
            String brand = start.substring(8, 12);
            return brand.startsWith("avi") ? "AVIF" : brand.matches("hei.|hev.|mif1|msf1") ? "HEIC" : null;
        } else if (start.startsWith("jP  ", 4) || start.startsWith("\u00ff\u004f\u00ff\u0051")) {
            return "JPEG 2000";
        } else if (start.startsWith("JXL ", 4) || start.startsWith("\u00ff\n")) {
            return "JPEG XL";
        } else if (start.startsWith("8BPS")) {
            return "a Photoshop file";
        } else if (start.startsWith("\0\0\2\0")) {
            return "a cursor";
        }
        return null;
    }

    private static String other(String start) {
        String trimmed = start.stripLeading();
        if (start.startsWith("ftyp", 4)) {
            return "a film or a picture of a kind called " + printable(start.substring(8, 12));
        } else if (start.startsWith("%PDF") || start.startsWith("%!PS")) {
            return "PDF or PostScript";
        } else if (start.startsWith("PK\3\4") || start.startsWith("\u001f\u008b")) {
            return "a zip or gzip file";
        } else if (trimmed.startsWith("<")) {
            return "HTML, SVG or XML";
        }
        return "unknown";
    }

    private static String printable(String brand) {
        return brand.replaceAll("[^ -~]", "?");
    }
}
