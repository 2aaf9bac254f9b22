package org.simreg.worker.weights.part;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A request for one of the networks in a file.
 *
 * @param text a role or a prefix; empty: the one that the order of preference gives
 * @param option that the text came from, for messages: {@code --teacher-part}
 */
public record PartRequest(String text, String option) {
    /** Asks for nothing: the order of preference decides. */
    public static final PartRequest ANY = new PartRequest("", "--part");

    public PartRequest {
        text = text.strip();
    }

    /** The request of an option that may be absent. */
    public static PartRequest of(Optional<String> text, String option) {
        return new PartRequest(text.orElse(""), option);
    }

    /** The same request, by another option. */
    public PartRequest by(String name) {
        return new PartRequest(text, name);
    }

    /** Whether the order of preference decides. */
    public boolean isAny() {
        return text.isEmpty();
    }

    /**
     * Those that are meant: by their whole prefix, else by their role, else by the beginning of their prefix.
     *
     * @param part of each of them
     */
    public <T> List<T> among(List<T> parts, Function<T, Part> part) {
        if (isAny()) {
            return parts;
        }
        List<T> exact = parts.stream()
                .filter(p -> part.apply(p).prefix().equals(prefix()))
                .toList();
        if (!exact.isEmpty()) {
            return exact;
        }
        List<T> byRole = parts.stream()
                .filter(p -> role(part.apply(p).prefix(), part.apply(p).role()))
                .toList();
        if (!byRole.isEmpty()) {
            return byRole;
        }
        // What was trained is called student in a run of ours, whatever its prefix.
        if (PartRole.ofWord(text).filter(PartRole.STUDENT::equals).isPresent()) {
            return parts.stream().filter(p -> part.apply(p).role().isTrained()).toList();
        }
        List<T> begun = parts.stream()
                .filter(p -> part.apply(p).prefix().startsWith(prefix()))
                .toList();
        return begun.isEmpty()
                ? parts.stream()
                        .filter(p -> part.apply(p).prefix().contains("." + prefix()))
                        .toList()
                : begun;
    }

    private boolean role(String prefix, PartRole role) {
        return PartRole.ofWord(text)
                .map(asked -> asked == role
                        || role == PartRole.AVERAGE && asked != PartRole.RAW && asked == PartRole.within(prefix))
                .orElse(false);
    }

    private String prefix() {
        return text.endsWith(".") ? text : text + ".";
    }
}
