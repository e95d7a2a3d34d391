# What a copy of a container has its Ruby load first: an exception that ends a thread is printed,
# whatever the program says of that.
class Thread
  self.report_on_exception = true

  def self.report_on_exception=(_value); end

  def report_on_exception=(_value); end
end
