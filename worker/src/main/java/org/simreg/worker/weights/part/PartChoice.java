package org.simreg.worker.weights.part;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;

/**
 * The choice of one network among several of a kind in a file. Without a request a moving average goes before the
 * raw weights, a teacher before its student, an online encoder before its momentum copy; equal copies are one.
 *
 * @param taken the network that is used
 * @param left the others of its kind that differ from it
 */
public record PartChoice(Part taken, List<Part> left) {
    /** Among weights without a role the earlier of these prefixes is meant. */
    private static final List<String> USUAL = List.of(
            "", "module.", "encoder.", "module.encoder.", "backbone.", "module.backbone.", "model.", "model.module.");

    private static final Comparator<Part> PREFERENCE = Comparator.comparing(Part::role)
            .thenComparing(part -> PartRole.within(part.prefix()))
            .thenComparing(part -> rank(part.prefix()));

    public PartChoice {
        left = List.copyOf(left);
    }

    /**
     * Chooses.
     *
     * @param parts complete networks of one kind, at least one
     * @param names of the network's weights, by which copies are compared
     * @param what the network, for messages: {@code resnet50}
     * @throws UserError if the request fits none or, by order of preference, two that differ; the message lists them
     */
    public static PartChoice of(List<Part> parts, PartRequest asked, List<String> names, String what, String fileName) {
        List<Part> meant = new ArrayList<>(asked.among(parts, part -> part));
        if (meant.isEmpty()) {
            throw new UserError("Can't find the %s '%s' for %s in %s: it holds %s; choose by %s %s"
                    .formatted(
                            PartRole.ofWord(asked.text()).isPresent() ? "part" : "names",
                            asked.text(),
                            what,
                            fileName,
                            list(parts),
                            asked.option(),
                            options(parts, parts)));
        }
        meant.sort(PREFERENCE);
        Part taken = meant.get(0);
        for (Part other : meant.subList(1, meant.size())) {
            if (PREFERENCE.compare(taken, other) == 0 && !taken.equals(other, names)) {
                throw new UserError(
                        "Can't tell which weights of %s are meant for %s: names that start with '%s' and '%s' fit alike; choose by %s %s"
                                .formatted(
                                        fileName,
                                        what,
                                        taken.prefix(),
                                        other.prefix(),
                                        asked.option(),
                                        options(List.of(taken, other), parts)));
            }
        }
        List<Part> left = parts.stream()
                .filter(part -> part != taken && !taken.equals(part, names))
                .toList();
        return new PartChoice(taken, left);
    }

    /**
     * What was chosen and what was left, for people; empty where there was one, or one was asked for.
     *
     * @param what the network, {@code resnet50}
     */
    public Optional<String> note(PartRequest asked, String what, String fileName) {
        if (left.isEmpty() || !asked.isAny()) {
            return Optional.empty();
        }
        List<Part> all = new ArrayList<>(left);
        all.add(taken);
        return Optional.of("%s holds %s %d times: taken is the %s; left %s the %s (%s %s chooses)"
                .formatted(
                        fileName,
                        what,
                        left.size() + 1,
                        taken,
                        left.size() == 1 ? "is" : "are",
                        list(left),
                        asked.option(),
                        options(left, all)));
    }

    private static int rank(String prefix) {
        int place = USUAL.indexOf(prefix.replaceFirst("^(state_dict|model_state_dict)\\.", ""));
        return place < 0 ? USUAL.size() : place;
    }

    private static String list(List<Part> parts) {
        return parts.stream().map(Part::toString).collect(Collectors.joining(", "));
    }

    private static String options(List<Part> parts, List<Part> all) {
        return parts.stream().map(part -> part.option(all)).distinct().collect(Collectors.joining(" or "));
    }
}
