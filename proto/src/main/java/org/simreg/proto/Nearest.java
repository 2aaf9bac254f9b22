package org.simreg.proto;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Collectors;

/** The search by edit distance for the known name that a misspelt one was meant to be. */
public final class Nearest {
    /** Names that a message may list; there are more networks than that, and of nothing else. */
    private static final int MANY = 16;

    private static final int SHOWN = 5;

    private Nearest() {}

    /**
     * @param asked the unknown name
     * @param known names to choose from
     * @return the known name with the fewest insertions, deletions, replacements and swaps of
     *     neighbours, of equals the one that begins alike; empty if more than a third of the name
     *     had to change
     */
    public static Optional<String> of(String asked, Collection<String> known) {
        return known.stream()
                .filter(name -> edits(asked, name) <= most(asked, name))
                .min(Comparator.<String>comparingInt(name -> edits(asked, name))
                        .thenComparingInt(name -> -alike(asked, name)));
    }

    /**
     * @return "; did you mean X?", or nothing if no name is near
     */
    public static String hint(String asked, Collection<String> known) {
        return of(asked, known).map(name -> "; did you mean " + name + "?").orElse("");
    }

    /**
     * The end of a sentence that refuses a name.
     *
     * @return " is not one of A, B, C; did you mean B?"; of many networks the nearest, and the command that lists all
     */
    public static String refusal(String asked, Collection<String> known) {
        if (known.size() <= MANY) {
            return " is not one of " + String.join(", ", known) + hint(asked, known);
        }
        String nearest = known.stream()
                .sorted(Comparator.<String>comparingInt(name -> name.contains(asked) ? 0 : 1)
                        .thenComparingInt(name -> edits(asked, name))
                        .thenComparingInt(name -> -alike(asked, name)))
                .limit(SHOWN)
                .collect(Collectors.joining(", "));
        return " is not one of the %d networks that fit here; the nearest are %s, and `simreg networks` lists all"
                .formatted(known.size(), nearest);
    }

    private static int most(String asked, String name) {
        return Math.max(1, Math.max(asked.length(), name.length()) / 3);
    }

    /** How many first letters both share: people seldom mistype those. */
    private static int alike(String asked, String name) {
        int shared = 0;
        while (shared < Math.min(asked.length(), name.length()) && asked.charAt(shared) == name.charAt(shared)) {
            shared++;
        }
        return shared;
    }

    private static int edits(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(cost, a, b, i, j);
            }
        }
        return cost[a.length()][b.length()];
    }

    private static int cheapest(int[][] cost, String a, String b, int i, int j) {
        int replaced = cost[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        int least = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        return swapped ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
    }
}
