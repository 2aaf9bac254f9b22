package org.simreg.coordinator.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.simreg.proto.JobState;
import org.simreg.proto.Nearest;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A job state's name in lower case. */
final class StateName implements ITypeConverter<JobState>, Iterable<String> {
    private static final List<JobState> STATES =
            Stream.of(JobState.values()).filter(s -> s != JobState.UNRECOGNIZED).toList();

    private static final List<String> NAMES =
            STATES.stream().map(s -> s.name().toLowerCase(Locale.ROOT)).toList();

    @Override
    public JobState convert(String text) {
        int index = NAMES.indexOf(text.toLowerCase(Locale.ROOT));
        if (index < 0) {
            String list = "' is not one of " + String.join(", ", NAMES);
            throw new TypeConversionException("'" + text + list + Nearest.hint(text, NAMES));
        }
        return STATES.get(index);
    }

    @Override
    public Iterator<String> iterator() {
        return NAMES.iterator();
    }
}
