package org.simreg.proto;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The list of all problems of one input, reported to the user in one message. */
public final class Problems {
    private final List<UserError.Problem> found = new ArrayList<>();

    /**
     * Adds a problem.
     *
     * @param place field, line or option
     * @param what the bound, the value and the way out; characters that move a terminal's cursor, tabs too, become question
     *     marks
     */
    public void add(String place, String what) {
        found.add(new UserError.Problem(place, Printable.lines(what).replace('\t', '?')));
    }

    /** Whether nothing was found wrong. */
    boolean none() {
        return found.isEmpty();
    }

    /**
     * Tries something that may be refused; a refusal becomes a problem. A place that has a problem
     * already isn't tried.
     *
     * @param place field that it is about, such as "teachers[0].source"
     * @return what it gave, unless it was refused
     */
    public <T> Optional<T> attempt(String place, Supplier<T> what) {
        String named = JobField.place(place);
        if (found.stream().anyMatch(one -> one.place().equals(named))) {
            return Optional.empty();
        }
        try {
            return Optional.of(what.get());
        } catch (UserError e) {
            add(named, e.getMessage());
            return Optional.empty();
        }
    }

    /**
     * @param verdict what was refused: "The job is refused"
     * @throws UserError with every problem, if there is one
     */
    public void refuse(String verdict) {
        if (found.size() == 1) {
            throw new UserError(verdict + ": " + found.get(0), found);
        }
        if (!found.isEmpty()) {
            throw new UserError(
                    verdict
                            + " for "
                            + found.size()
                            + " reasons:\n  "
                            + found.stream().map(UserError.Problem::toString).collect(Collectors.joining("\n  ")),
                    found);
        }
    }
}
