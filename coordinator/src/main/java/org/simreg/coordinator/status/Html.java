package org.simreg.coordinator.status;

import java.net.URI;
import java.net.URISyntaxException;

/** Text that becomes part of a page. */
final class Html {
    private Html() {}

    /** The text with everything escaped that could end an element or an attribute. */
    static String escape(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> safe.append("&amp;");
                case '<' -> safe.append("&lt;");
                case '>' -> safe.append("&gt;");
                case '"' -> safe.append("&quot;");
                case '\'' -> safe.append("&#39;");
                default -> safe.append(c < ' ' && c != '\n' && c != '\t' ? '\uFFFD' : c);
            }
        }
        return safe.toString();
    }

    /** An element with text in it, which is escaped. */
    static String element(String name, String text) {
        return "<%s>%s</%s>".formatted(name, escape(text), name);
    }

    /** A link to a file by its path relative to the page. */
    static String link(String path) {
        try {
            String target = new URI(null, null, "./" + path, null).toASCIIString();
            return "<a href=\"%s\">%s</a>".formatted(escape(target), escape(path));
        } catch (URISyntaxException e) {
            return escape(path);
        }
    }

    /** A section with a heading. */
    static String section(String title, String content) {
        return "<section>\n<h2>%s</h2>\n%s</section>\n".formatted(escape(title), content);
    }
}
