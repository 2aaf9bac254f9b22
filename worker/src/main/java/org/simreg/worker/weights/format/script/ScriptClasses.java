package org.simreg.worker.weights.format.script;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The classes that the source text in a TorchScript archive declares. */
final class ScriptClasses {
    private static final Pattern CLASS = Pattern.compile("(?m)^class (\\w+)\\(.*\\):$");
    private static final Pattern STRING = Pattern.compile("\"([^\"]*)\"");
    private static final Pattern FORWARD = Pattern.compile("(?s)\n {2}def forward\\((.*?)\\) -> ([^\n]*):\n");
    private static final Pattern ONE_TENSOR =
            Pattern.compile("(?s)\\w+: [\\w.]+,\\s*\\w+: Tensor(,\\s*\\w+: [^=]+=.*)?");

    private final Map<String, String> bodies = new HashMap<>();

    /**
     * @param sources text by the place of its file, {@code __torch__.torch.nn.modules.conv}
     */
    ScriptClasses(Map<String, String> sources) {
        sources.forEach(this::split);
    }

    private void split(String place, String text) {
        Matcher found = CLASS.matcher(text);
        String name = null;
        int start = 0;
        while (found.find()) {
            if (name != null) {
                bodies.put(place + "." + name, text.substring(start, found.start()));
            }
            name = found.group(1);
            start = found.end();
        }
        if (name != null) {
            bodies.put(place + "." + name, text.substring(start));
        }
    }

    /** Names of a class's parameters. */
    List<String> parameters(String name) {
        return strings(name, "__parameters__");
    }

    /** Names of a class's buffers. */
    List<String> buffers(String name) {
        return strings(name, "__buffers__");
    }

    private List<String> strings(String name, String attribute) {
        Matcher line = Pattern.compile("(?m)^ {2}" + attribute + " = \\[(.*)]$").matcher(bodies.getOrDefault(name, ""));
        return line.find()
                ? STRING.matcher(line.group(1))
                        .results()
                        .map(found -> found.group(1))
                        .toList()
                : List.of();
    }

    /** Why a class can't be called with one tensor for one tensor; empty if it can. */
    Optional<String> unfit(String name) {
        Matcher forward = FORWARD.matcher("\n" + bodies.getOrDefault(name, ""));
        if (!forward.find()) {
            return Optional.of("it has no method forward");
        }
        if (!ONE_TENSOR.matcher(forward.group(1).strip()).matches()) {
            return Optional.of("its forward takes something else than one tensor of images");
        }
        return forward.group(2).equals("Tensor")
                ? Optional.empty()
                : Optional.of("its forward gives " + forward.group(2) + " instead of one tensor");
    }
}
