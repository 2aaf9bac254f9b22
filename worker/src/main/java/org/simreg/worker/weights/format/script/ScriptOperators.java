package org.simreg.worker.weights.format.script;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.tensor.CorruptFile;

/**
 * The operators that the source in a TorchScript archive uses, read as text before libtorch sees it. Only those that
 * compute are let through: {@code torch.save} would write any file that the process may write.
 *
 * <p>Operators are reached as {@code torch.NAME} and {@code ops.SPACE.NAME}, which must be in the list; and, whatever
 * stands before the dot, as {@code value.NAME} and {@code getattr(value, "NAME")}, where NAME may be anything but one
 * that the list holds back. The two names can't be given to variables. All functions and methods of an archive are read,
 * whether they are called or not.
 */
final class ScriptOperators {
    private static final Set<String> COMPUTE = new HashSet<>();
    private static final Set<String> HELD_BACK = new HashSet<>();
    private static final Set<String> SPACES = Set.of("aten", "prim");

    /** What separates tokens for libtorch: spaces, line ends and their escapes, comments. */
    private static final String GAP = "(?:[\\s\\\\]|#[^\\n]*+)";

    private static final Pattern TOKEN =
            Pattern.compile(GAP + "++|(?<name>[A-Za-z_]\\w*+)|(?<text>\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''"
                    + "|\"(?:\\\\(?s:.)|[^\"\\\\])*+\"|'(?:\\\\(?s:.)|[^'\\\\])*+')"
                    + "|\\d++(?:\\.\\d*+)?(?:[eE][-+]?\\d++)?j?|(?<sign>(?s:.))");

    /** Also within what looks like a text or a comment: libtorch may see its ends elsewhere. */
    private static final Pattern ATTRIBUTE = Pattern.compile("\\." + GAP + "*+([A-Za-z_]\\w*+)");

    private static final String CLASSES = "torch.classes";

    static {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                ScriptOperators.class.getResourceAsStream("operators.txt"), StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                (line.charAt(0) == '+' ? COMPUTE : HELD_BACK).add(line.substring(1));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private final String place;
    private final List<String> tokens = new ArrayList<>();

    private ScriptOperators(String place) {
        this.place = place;
    }

    /**
     * Refuses an archive whose source uses another operator, or whose objects are of classes that are no TorchScript.
     *
     * @param entries of the archive by name, without the folder that all lie in; weights may be left out
     * @throws CorruptFile naming the operator and the file in the archive
     */
    static void requireOnlyCompute(Map<String, byte[]> entries) throws CorruptFile {
        for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
            String name = entry.getKey().toLowerCase(Locale.ROOT);
            if (name.endsWith(".py")) {
                new ScriptOperators(entry.getKey()).check(new String(entry.getValue(), StandardCharsets.UTF_8));
            } else if (name.endsWith(".pkl")) {
                objects(entry.getKey(), new String(entry.getValue(), StandardCharsets.ISO_8859_1));
            }
        }
    }

    private static void objects(String place, String pickle) throws CorruptFile {
        for (int at = pickle.indexOf(CLASSES); at >= 0; at = pickle.indexOf(CLASSES, at + 1)) {
            if (!pickle.startsWith(CLASSES + ".quantized.", at)) {
                throw refused(place, "a class of C++, " + printable(pickle, at));
            }
        }
        int remote = pickle.indexOf("torch.distributed");
        if (remote >= 0) {
            throw refused(place, printable(pickle, remote));
        }
    }

    private static String printable(String pickle, int at) {
        String text = pickle.substring(at, Math.min(pickle.length(), at + 60));
        return text.split("[^\\w.]", 2)[0];
    }

    private void check(String source) throws CorruptFile {
        Matcher attributes = ATTRIBUTE.matcher(source);
        while (attributes.find()) {
            if (HELD_BACK.contains(attributes.group(1))) {
                throw refused(place, "." + attributes.group(1));
            }
        }
        Matcher found = TOKEN.matcher(source);
        while (found.find()) {
            if (found.group("name") != null || found.group("text") != null || found.group("sign") != null) {
                tokens.add(found.group());
            }
        }
        for (int i = 0; i < tokens.size(); i++) {
            switch (tokens.get(i)) {
                case "torch" -> torch(i);
                case "ops" -> ops(i);
                case "getattr" -> attribute(i);
                default -> {}
            }
        }
    }

    private String token(int i) {
        return i >= 0 && i < tokens.size() ? tokens.get(i) : "";
    }

    private boolean isDot(int i) {
        return token(i).equals(".");
    }

    private void torch(int i) throws CorruptFile {
        if (!isDot(i + 1)) {
            throw refused(place, "the name torch for something else");
        }
        String name = token(i + 2);
        if (name.equals("classes") && !token(i + 4).equals("quantized")) {
            throw refused(place, CLASSES + "." + token(i + 4));
        }
        // Behind a dot it is a part of the archive's own name for a class, __torch__.torch.nn.
        if (!isDot(i - 1) && !COMPUTE.contains(name)) {
            throw refused(place, "torch." + name);
        }
    }

    private void ops(int i) throws CorruptFile {
        if (isDot(i - 1)) {
            return;
        }
        boolean operator = isDot(i + 1) && isDot(i + 3);
        String space = operator ? token(i + 2) : "";
        String name = operator ? token(i + 4) : "";
        if (!space.equals("quantized") && !(SPACES.contains(space) && COMPUTE.contains(name))) {
            throw refused(place, "ops." + space + "." + name);
        }
    }

    /** The name must stand there as one plain text: texts beside each other, and escapes, would make another. */
    private void attribute(int i) throws CorruptFile {
        int depth = 0;
        int end = i + 1;
        do {
            depth += "([{".contains(token(end)) && !token(end).isEmpty() ? 1 : 0;
            depth -= ")]}".contains(token(end)) && !token(end).isEmpty() ? 1 : 0;
            end++;
        } while (depth > 0 && end < tokens.size());
        int last = token(end - 2).equals(",") ? end - 3 : end - 2;
        String name = token(last);
        boolean plain =
                name.matches("\"[^\"\\\\]*\"|'[^'\\\\]*'") && token(last - 1).equals(",");
        if (!plain || HELD_BACK.contains(name.substring(1, name.length() - 1))) {
            throw refused(place, "getattr with " + (plain ? name : "a name that is put together"));
        }
    }

    private static CorruptFile refused(String place, String what) {
        return new CorruptFile(
                "its %s uses %s, which is not among the operators that only compute, and may reach files, processes or other machines; take it out of the module"
                        .formatted(Disk.printable(place), Disk.printable(what)));
    }
}
