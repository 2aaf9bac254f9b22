package org.simreg.worker.torchscript;

import java.util.Arrays;

/** Lines of TorchScript source, four spaces deep inside a method. */
final class Source {
    /** Number of a data type in TorchScript's source: c10::ScalarType. */
    static final int FLOAT32 = 6;

    static final int BFLOAT16 = 15;

    private final StringBuilder text = new StringBuilder();

    Source method(String declaration) {
        text.append("  def ").append(declaration).append(":\n");
        return this;
    }

    Source line(String format, Object... values) {
        text.append("    ")
                .append(String.format(java.util.Locale.ROOT, format, values))
                .append('\n');
        return this;
    }

    static String list(long... values) {
        return Arrays.toString(values);
    }

    static String pair(long value) {
        return list(value, value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
