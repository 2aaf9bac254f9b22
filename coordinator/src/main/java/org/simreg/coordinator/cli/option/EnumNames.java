package org.simreg.coordinator.cli.option;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.simreg.proto.JobState;
import org.simreg.proto.Nearest;
import org.simreg.proto.Network;
import org.simreg.worker.export.StudentExport.Format;
import org.simreg.worker.network.NamingLayout;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The names of an enum's constants as people write them, in lower case with dashes: converter and
 * completion candidates of an option. Picocli makes it by class, hence the subclasses.
 */
public abstract class EnumNames<E extends Enum<E>> implements ITypeConverter<E>, Iterable<String> {
    /** What protobuf adds to its enums for numbers of other versions. */
    private static final String OTHER_VERSION = "UNRECOGNIZED";

    private final Map<String, E> constants = new LinkedHashMap<>();

    private EnumNames(Class<E> type) {
        this(type, constant -> true);
    }

    private EnumNames(Class<E> type, Predicate<E> wanted) {
        Arrays.stream(type.getEnumConstants())
                .filter(wanted)
                .filter(constant -> !constant.name().equals(OTHER_VERSION))
                .forEach(constant -> constants.put(kebab(constant.name()), constant));
    }

    @Override
    public E convert(String text) {
        String asked = kebab(text.strip());
        E constant = constants.get(asked);
        if (constant == null) {
            throw new TypeConversionException("'" + text.strip() + "'" + Nearest.refusal(asked, constants.keySet()));
        }
        return constant;
    }

    @Override
    public Iterator<String> iterator() {
        return constants.keySet().iterator();
    }

    private static String kebab(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The names of a job's states. */
    public static final class OfJobState extends EnumNames<JobState> {
        OfJobState() {
            super(JobState.class);
        }
    }

    /** The names of the formats that a network is exported in. */
    public static final class OfFormat extends EnumNames<Format> {
        OfFormat() {
            super(Format.class);
        }
    }

    /** The names of the libraries whose names of weights are written. */
    public static final class OfLayout extends EnumNames<NamingLayout> {
        OfLayout() {
            super(NamingLayout.class, layout -> layout.isWritten());
        }
    }

    /** The names of the known networks. */
    public static final class OfNetwork extends EnumNames<Network> {
        OfNetwork() {
            super(Network.class);
        }
    }
}
