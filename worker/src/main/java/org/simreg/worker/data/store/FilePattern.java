package org.simreg.worker.data.store;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.proto.UserError;

/** The pattern of file names, as shells and WebDataset write it. */
public final class FilePattern {
    private static final Pattern BRACES = Pattern.compile("\\{([^{}]*)}");
    private static final Pattern RANGE = Pattern.compile("(\\d+)\\.\\.(\\d+)");
    private static final int MOST = 1_000_000;

    private FilePattern() {}

    /**
     * The paths that braces stand for, in the order in which they are counted: <code>{08..10}</code> is 08, 09, 10, and
     * <code>{a,b}</code> a and b.
     *
     * @throws UserError if a range counts down or braces are neither
     */
    public static List<String> expanded(String pattern) {
        Matcher braces = BRACES.matcher(pattern);
        if (!braces.find()) {
            return List.of(pattern);
        }
        List<String> all = new ArrayList<>();
        String before = pattern.substring(0, braces.start());
        List<String> rest = expanded(pattern.substring(braces.end()));
        for (String one : alternatives(braces.group(1), pattern)) {
            for (String end : rest) {
                all.add(before + one + end);
                if (all.size() > MOST) {
                    throw new UserError("%s stands for more than %d files; name fewer".formatted(pattern, MOST));
                }
            }
        }
        return all;
    }

    private static List<String> alternatives(String inner, String pattern) {
        Matcher range = RANGE.matcher(inner);
        if (!range.matches()) {
            if (inner.indexOf(',') < 0) {
                throw new UserError(
                        "%s: {%s} is neither {000..146} nor {a,b}; write one of these".formatted(pattern, inner));
            }
            return List.of(inner.split(",", -1));
        }
        if (range.group(1).length() > 9 || range.group(2).length() > 9) {
            throw new UserError("%s: {%s} counts too far; use fewer digits".formatted(pattern, inner));
        }
        int first = Integer.parseInt(range.group(1));
        int last = Integer.parseInt(range.group(2));
        if (first > last || last - first >= MOST) {
            throw new UserError("%s: {%s} must count up, to %d files at most".formatted(pattern, inner, MOST));
        }
        String form = range.group(1).startsWith("0") ? "%0" + range.group(1).length() + "d" : "%d";
        List<String> numbers = new ArrayList<>();
        for (int i = first; i <= last; i++) {
            numbers.add(form.formatted(i));
        }
        return numbers;
    }

    /** Whether a path has wildcards. */
    public static boolean isWild(String path) {
        return path.indexOf('*') >= 0 || path.indexOf('?') >= 0;
    }

    /** What matches a name with wildcards; names that start with a dot are matched by no wildcard. */
    public static Pattern name(String wild) {
        StringBuilder regex = new StringBuilder(wild.startsWith(".") ? "" : "(?!\\.)");
        for (char one : wild.toCharArray()) {
            regex.append(one == '*' ? ".*" : one == '?' ? "." : Pattern.quote(String.valueOf(one)));
        }
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }
}
