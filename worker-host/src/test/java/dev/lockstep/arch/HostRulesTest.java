package dev.lockstep.arch;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import java.io.ObjectInputStream;
import java.lang.reflect.AccessibleObject;
import java.nio.MappedByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Rules that hold in every package of this module, and what its packages may use of the core. */
class HostRulesTest {
  /** The packages of the core: they are another module's, and tested there. */
  private static final List<String> CORE =
      List.of("wire", "os", "memory", "park", "ring", "channel", "codec", "call", "diagnostics");

  private static final String[] INTERNAL = {
    "dev.lockstep.process..",
    "dev.lockstep.supervise..",
    "dev.lockstep.env..",
    "dev.lockstep.stdio..",
    "dev.lockstep.cli.."
  };

  private final JavaClasses host =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(HostRulesTest::isOfThisModule)
          .importPackages("dev.lockstep");

  private static boolean isOfThisModule(Location location) {
    return CORE.stream().noneMatch(name -> location.contains("/dev/lockstep/" + name + "/"));
  }

  @Test
  void thePublicPackageIsThere() {
    assertThat(host.stream().map(JavaClass::getPackageName)).contains("dev.lockstep");
  }

  @Test
  void nothingTouchesNativeCodeOrMappedMemory() {
    noClasses()
        .should()
        .dependOnClassesThat(resideInAPackage("com.sun.jna.."))
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(MappedByteBuffer.class)
        .check(host);
  }

  @Test
  void onlyTheCommandLineUsesPicocliAndNothingUsesTheCommandLine() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.lockstep.cli..")
        .should()
        .dependOnClassesThat(resideInAPackage("picocli.."))
        .orShould()
        .dependOnClassesThat(resideInAPackage("dev.lockstep.cli.."))
        .check(host);
  }

  @Test
  void onlyTheCommandLinePrints() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.lockstep.cli..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(host);
  }

  @Test
  void noInternalTypeIsInTheSignatureOfAPublicOne() {
    DescribedPredicate<JavaClass> internal =
        describe(
            "internal",
            type ->
                JavaClass.Predicates.resideInAnyPackage(INTERNAL)
                    .test(type.getBaseComponentType()));
    noMethods()
        .that()
        .areDeclaredInClassesThat(
            resideInAPackage("dev.lockstep")
                .and(describe("public", it -> it.getModifiers().contains(JavaModifier.PUBLIC))))
        .and()
        .arePublic()
        .should()
        .haveRawReturnType(internal)
        .orShould()
        .haveRawParameterTypes(describe("internal", types -> types.stream().anyMatch(internal)))
        .allowEmptyShould(true)
        .check(host);
  }

  @Test
  void exceptionsAreOfOneFamily() {
    classes()
        .that()
        .areAssignableTo(RuntimeException.class)
        .and()
        .resideInAPackage("dev.lockstep")
        .and()
        .arePublic()
        .should()
        .beAssignableTo("dev.lockstep.LockstepException")
        .check(host);
  }

  @Test
  void noStaticFieldCanBeAssignedOrHoldsStateThatChanges() {
    fields().that().areStatic().and(isNotSynthetic()).should().beFinal().check(host);
    noFields()
        .that()
        .areStatic()
        .and(isNotSynthetic())
        .should()
        .haveRawType(describe("something that changes", HostRulesTest::changes))
        .allowEmptyShould(true)
        .check(host);
  }

  private static boolean changes(JavaClass type) {
    String name = type.getName();
    return name.startsWith("java.util.concurrent.atomic.")
        || type.isAssignableTo(Lock.class)
        || type.isAssignableTo(ThreadLocal.class)
        || type.isAssignableTo(Thread.class)
        || type.isAssignableTo(ClassValue.class)
        || (type.isAssignableTo(Map.class) && !type.isEquivalentTo(Map.class))
        || (type.isAssignableTo(Collection.class)
            && !name.equals("java.util.List")
            && !name.equals("java.util.Set"));
  }

  private static DescribedPredicate<JavaField> isNotSynthetic() {
    return describe("not synthetic", it -> !it.getModifiers().contains(JavaModifier.SYNTHETIC));
  }

  @Test
  void nothingIsSynchronized() {
    noMethods().should().haveModifier(JavaModifier.SYNCHRONIZED).check(host);
  }

  @Test
  void nothingUsesUnsafeOrOpensTheJdk() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("sun..", "jdk.internal..")
        .check(host);
    noClasses()
        .should()
        .callMethod(AccessibleObject.class, "setAccessible", boolean.class)
        .check(host);
  }

  @Test
  void nothingReadsSerializedObjects() {
    noClasses().should().dependOnClassesThat().areAssignableTo(ObjectInputStream.class).check(host);
  }

  @Test
  void everyPackageSaysThatNothingIsNull() {
    assertThat(host.stream().map(JavaClass::getPackage).distinct())
        .isNotEmpty()
        .allSatisfy(HostRulesTest::requireNullMarked);
  }

  private static void requireNullMarked(JavaPackage it) {
    assertThat(it.isAnnotatedWith(NullMarked.class))
        .as("package-info of %s with @NullMarked", it.getName())
        .isTrue();
  }
}
