package org.simreg.coordinator.view.console;

import java.time.Duration;
import java.util.Locale;

/** Text forms of numbers for people; the same on every machine, whatever its language. */
public final class Numbers {
    private Numbers() {}

    /** "12,345". */
    public static String count(long number) {
        return format("%,d", number);
    }

    /** "1 class", "1,200 classes". */
    static String count(long number, String one, String several) {
        return count(number) + " " + (number == 1 ? one : several);
    }

    /** A loss of any scale: "0.1213", "187.25", "2134.1", "3.20e-05", "1.250e+08". */
    static String loss(double loss) {
        double size = Math.abs(loss);
        if (loss != 0 && size < 0.001) {
            return format("%.2e", loss);
        }
        if (size >= 1e6) {
            return format("%.3e", loss);
        }
        return format(size < 100 ? "%.4f" : size < 1000 ? "%.2f" : "%.1f", loss);
    }

    /** A learning rate: "0.0481", or "3.2e-05" when it is small. */
    static String rate(double lr) {
        return lr != 0 && Math.abs(lr) < 0.001 ? format("%.1e", lr) : format("%.4f", lr);
    }

    /** Images a second: "8.4" or "1,204". */
    public static String speed(double perSecond) {
        return perSecond < 10 ? format("%.1f", perSecond) : format("%,.0f", perSecond);
    }

    /** A part of one as "29.9 %". */
    public static String percent(double part) {
        return format("%.1f %%", 100 * part);
    }

    /** A part of one as "30%". */
    static String wholePercent(double part) {
        return format("%.0f%%", 100 * part);
    }

    /** "4.2 s", "42 s", "12 min", "3 h 05 min", "2 d 03 h". */
    static String duration(Duration time) {
        double seconds = time.toMillis() / 1000.0;
        if (seconds < 9.95) {
            return format("%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        long minutes = Math.round(seconds / 60);
        if (whole < 100) {
            return whole + " s";
        }
        if (minutes < 100) {
            return minutes + " min";
        }
        long hours = Math.round(seconds / 3600);
        return hours < 48
                ? format("%d h %02d min", minutes / 60, minutes % 60)
                : format("%d d %02d h", hours / 24, hours % 24);
    }

    /** The same for seconds. */
    public static String seconds(double seconds) {
        return duration(Duration.ofMillis((long) (seconds * 1000)));
    }

    /** "812 B", "4.2 KiB", "64 MiB", "3.1 GiB". */
    static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double size = bytes / 1024.0;
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        int unit = 0;
        while (size >= 1023.5 && unit < units.length - 1) {
            size /= 1024;
            unit++;
        }
        return (size < 9.95 ? format("%.1f ", size) : format("%.0f ", size)) + units[unit];
    }

    /** {@link String#format} in no language. */
    public static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
