package org.simreg.worker.engine.torch;

import java.util.Arrays;
import java.util.Locale;

/** A builder of TorchScript source code, line by line. */
public final class ScriptSource {
    /** Number of float32 in TorchScript's source: c10::ScalarType. */
    public static final int FLOAT32 = 6;

    /** Number of float64. */
    public static final int FLOAT64 = 7;

    /** Number of bfloat16. */
    public static final int BFLOAT16 = 15;

    private final StringBuilder text = new StringBuilder();

    /** Begins a method, {@code name(self, x: Tensor) -> Tensor}. */
    public ScriptSource method(String declaration) {
        text.append("  def ").append(declaration).append(":\n");
        return this;
    }

    /** Appends a line to the method, indented by four spaces. */
    public ScriptSource line(String format, Object... values) {
        text.append("    ").append(String.format(Locale.ROOT, format, values)).append('\n');
        return this;
    }

    /** A list of whole numbers as source: {@code [1, 2]}. */
    public static String list(long... values) {
        return Arrays.toString(values);
    }

    /** A number twice, as a list. */
    public static String pair(long value) {
        return list(value, value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
