package org.simreg.worker.engine.torch;

import java.util.Arrays;

/** Lines of TorchScript source, four spaces deep inside a method. */
public final class ScriptSource {
    /** Number of a data type in TorchScript's source: c10::ScalarType. */
    public static final int FLOAT32 = 6;

    public static final int BFLOAT16 = 15;

    private final StringBuilder text = new StringBuilder();

    public ScriptSource method(String declaration) {
        text.append("  def ").append(declaration).append(":\n");
        return this;
    }

    public ScriptSource line(String format, Object... values) {
        text.append("    ")
                .append(String.format(java.util.Locale.ROOT, format, values))
                .append('\n');
        return this;
    }

    public static String list(long... values) {
        return Arrays.toString(values);
    }

    public static String pair(long value) {
        return list(value, value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
