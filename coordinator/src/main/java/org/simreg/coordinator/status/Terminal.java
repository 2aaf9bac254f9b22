package org.simreg.coordinator.status;

import java.io.Console;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What standard output leads to. */
final class Terminal {
    private static final int USUAL_WIDTH = 80;

    private Terminal() {}

    /** True if a person watches and the cursor can be moved. */
    static boolean interactive(Map<String, String> environment) {
        String term = environment.getOrDefault("TERM", "");
        String ci = environment.getOrDefault("CI", "");
        boolean robot = !ci.isEmpty() && !ci.equals("false") && !ci.equals("0");
        return attached() && !term.isEmpty() && !term.equals("dumb") && !robot;
    }

    /** True if the locale writes UTF-8. */
    static boolean unicode(Map<String, String> environment) {
        String locale =
                Stream.of("LC_ALL", "LC_CTYPE", "LANG")
                        .map(name -> environment.getOrDefault(name, ""))
                        .filter(value -> !value.isEmpty())
                        .findFirst()
                        .orElse("");
        return locale.toLowerCase(Locale.ROOT).replace("-", "").contains("utf8");
    }

    /** Since Java 22 there is a console even without a terminal; only a newer method tells. */
    private static boolean attached() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException before22) {
            return true;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the console can't be asked for its terminal", e);
        }
    }

    /**
     * Columns of the terminal, 80 if it doesn't say. Asks {@code stty}, as a terminal library
     * would, without what such a library does to the signal handlers; takes some milliseconds.
     */
    static int width() {
        try {
            Process stty =
                    new ProcessBuilder("stty", "size")
                            .redirectInput(new File("/dev/tty"))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String answer =
                    new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            boolean ended = stty.waitFor(1, TimeUnit.SECONDS);
            return ended ? columns(answer) : USUAL_WIDTH;
        } catch (IOException noStty) {
            return USUAL_WIDTH;
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return USUAL_WIDTH;
        }
    }

    /** Reads "rows columns"; some terminals say 0. */
    static int columns(String answer) {
        String[] words = answer.strip().split(" ");
        boolean sized = words.length == 2 && words[1].matches("[1-9]\\d{0,4}");
        return sized ? Integer.parseInt(words[1]) : USUAL_WIDTH;
    }
}
